// Polls the payment's status, updates the page, counts down, and announces each change once. Pauses while the page is
// hidden or the user types. Without scripts, or after they stop, links and forms do the same.
(function () {
  "use strict";
  var panel = document.getElementById("mpesa-payment"), kept = /^mpesa-(live|lost|summary)$/;
  var turn = 0, isPolling = false, isOffline = false, isLost = false, pause, timer, ticker, clock, date, ended, known;
  if (!panel || !window.fetch || !window.DOMParser) return;

  function each(list, act) { [].slice.call(list).forEach(act); }
  function part(name, page) { return (page || document).getElementById("mpesa-" + name); }
  function firstPause() { return isLost ? 0 : panel.dataset.open ? 2000 : panel.dataset.retry ? 15000 : 0; }
  function isTyping() {
    var active = document.activeElement;
    return panel.contains(active) && active.tagName === "INPUT" && !active.readOnly;
  }
  // Fails after 30 seconds.
  function get(url) {
    return new Promise(function (resolve, reject) {
      var stop = window.AbortController ? new AbortController() : {abort: function () {}};
      setTimeout(function () { reject(); stop.abort(); }, 30000);
      fetch(url, {mode: "same-origin", credentials: "same-origin", cache: "no-store", signal: stop.signal}).then(resolve, reject);
    }).then(function (response) {
      if (!response.ok) throw response.status;
      return response;
    });
  }

  // A newer poll outdates the answers of all before it.
  function poll(isAsked) {
    clearTimeout(timer);
    if (isLost || document.hidden || (isPolling && !isAsked)) return;
    if (isTyping()) return schedule();
    var mine = turn += 1;
    isPolling = true;
    setTimeout(function () {
      if (isPolling && mine === turn) report("offline", isAsked);
    }, 10000);
    get(panel.dataset.status)
      .then(function (response) {
        if (mine === turn) date = response.headers.get("Date");
        return response.json();
      })
      .then(function (status) {
        if (mine !== turn || status.version === panel.dataset.version) return null;
        return get(location.pathname).then(function (response) { return response.text(); }).then(read);
      })
      .then(function (page) {
        if (mine !== turn) return;
        isPolling = false;
        setClock(Date.parse(date) / 1000);
        schedule();
        report("checked", isAsked, page && show(page));
        tick();
      }, function (error) {
        if (mine !== turn) return;
        isPolling = false;
        if (error === 403 || error === 404) return showLost();
        pause = Math.min(pause * 2, firstPause() * 10);
        schedule();
        report(error > 0 || error instanceof SyntaxError ? "failed" : "offline", isAsked);
      });
  }
  function schedule() {
    clearTimeout(timer);
    if (!firstPause()) return;
    timer = setTimeout(poll, pause);
    pause = Math.min(pause * 1.15, firstPause() * 5);
  }
  function pollNow() {
    pause = firstPause();
    if (pause) poll();
  }
  function outdate() {
    turn += 1;
    isPolling = false;
  }

  // Announced only if the user asked, or the connection was lost or is back.
  function report(result, isAsked, isAnnounced) {
    var place = part("checked"), wasOffline = isOffline, time = Date.parse(date);
    isOffline = result === "offline";
    if (!place || !place.dataset[result] || (result === "checked" && !time)) return;
    var nairobi = time ? new Date(time + 10800000).toISOString().slice(11, 19) : "";
    place.textContent = place.dataset[result].replace("{time}", nairobi);
    if (!isAnnounced && (isAsked || isOffline !== wasOffline)) say(place.textContent);
  }
  function say(text) {
    var live = part("live");
    if (live) live.textContent = live.textContent === text ? text + "\u00a0" : text;  // else it is not read again
  }
  // The heading and the first sentence below it that does not repeat it.
  function sentence(heading, box) {
    var text = (box.querySelector("p,li") || box).textContent.replace(/\s+/g, " ").trim();
    if (text.indexOf(heading) === 0) text = text.slice(heading.length).replace(/^[.!? ]+/, "");
    return heading + (/[.!?]$/.test(heading) ? " " : ". ") + (/^.*?[.!?](?= |$)/.exec(text) || [text])[0];
  }
  function headingOf(page) {
    var heading = part("heading", page);
    return heading ? heading.textContent.trim() : "";
  }

  function read(text) {
    var page = new DOMParser().parseFromString(text, "text/html");
    if (!part("payment", page)) throw 500;
    return page;
  }
  // Return whether the change was announced.
  function show(page) {
    if (isTyping()) return false;
    var active = document.activeElement, heading = part("heading"), hadFocus = panel.contains(active), before = known;
    document.title = page.title;
    if (heading && part("heading", page)) updateElement(heading, part("heading", page));
    updateElement(panel, part("payment", page));
    pause = firstPause();
    schedule();
    prepare();
    var keepsFocus = hadFocus && panel.contains(active) && panel.dataset.open;
    if (heading && !keepsFocus && (hadFocus || active === document.body)) heading.focus();
    known = sentence(headingOf(), part("page-status"));
    if (known !== before) say(known);
    return known !== before;
  }

  // Nodes that are in the old and the new page stay in the document, so that they keep the focus.
  function update(old, fresh) {
    var current = old.firstChild;
    each(fresh.childNodes, function (node) {
      var match = current;
      while (match && !matches(match, node)) match = hasFocus(match) ? null : match.nextSibling;
      if (!match) return old.insertBefore(node, current);
      while (current !== match) current = remove(old, current);
      current = match.nextSibling;
      if (node.nodeType === 1) updateElement(match, node);
      else if (match.nodeValue !== node.nodeValue) match.nodeValue = node.nodeValue;
    });
    while (current) current = remove(old, current);
  }
  function hasFocus(node) {
    var id = document.activeElement.id;
    return !!id && node.nodeType === 1 && (node.id === id || !!node.querySelector('[id="' + id + '"]'));
  }
  function key(node) { return node.id || (node.firstElementChild || {}).id; }
  function matches(a, b) { return a.nodeName === b.nodeName && key(a) === key(b) && hasFocus(a) === hasFocus(b); }
  function remove(parent, child) {
    var after = child.nextSibling;
    parent.removeChild(child);
    return after;
  }
  function updateElement(old, fresh) {
    if (kept.test(old.id)) return;
    each(old.attributes, function (it) {
      if (!fresh.hasAttribute(it.name) && it.name !== "open") old.removeAttribute(it.name);
    });
    each(fresh.attributes, function (it) { old.setAttribute(it.name, it.value); });
    update(old, fresh);
  }

  // This browser may not see the order any more. Stops for good.
  function showLost() {
    var lost = part("lost"), heading = part("heading"), live = part("live"), summary = part("summary");
    isLost = true;
    outdate();
    clearTimeout(ticker);
    if (!lost) return;
    var title = lost.dataset.title, rest = document.title.indexOf(" | ");
    document.title = title + (rest < 0 ? "" : document.title.slice(rest));
    panel.className = "mpesa-panel mpesa-page mpesa-lost";
    panel.appendChild(lost).hidden = false;
    if (heading) heading.textContent = title;
    (heading || lost).focus();
    each(panel.children, function (child) {
      if (child !== lost && child !== live) panel.removeChild(child);
    });
    if (summary && summary.parentNode) summary.parentNode.removeChild(summary);
    say(sentence(title, lost));
  }

  // The server's time in seconds. The first clock may stop while the phone sleeps; the second may be put back.
  function now() {
    return clock.time + Math.max(performance.now() - clock.timer, Date.now() - clock.date) / 1000;
  }
  function setClock(time, age) {
    if (!time || (clock && Math.abs(time - now()) < 2)) return;
    clock = {time: time, timer: performance.now() - (age || 0), date: Date.now() - (age || 0)};
  }
  // How long ago the server made the page that was loaded.
  function pageAge() {
    var timing = performance.timing;
    return timing && timing.responseStart ? performance.now() - (timing.responseStart - timing.navigationStart) : 0;
  }
  function secondsTo(time) { return Math.max(0, Math.ceil(time - now())); }
  function format(seconds) { return Math.floor(seconds / 60) + ":" + ("0" + seconds % 60).slice(-2); }

  // The button has aria-disabled: browsers that stop scripts after load, such as Opera Mini, cannot enable it again.
  function tick() {
    clearTimeout(ticker);
    if (!clock || isLost) return;
    var minute = part("minute"), again = part("again"), left = 0, wait = 0;
    if (minute && part("left")) {
      left = secondsTo(+minute.dataset.ends);
      part("left").textContent = format(left);
      if (!left && ended !== minute.dataset.ends) {
        ended = minute.dataset.ends;
        pollNow();
      }
    }
    if (again && again.dataset.opens) {
      wait = secondsTo(+again.dataset.opens + 1);
      if (wait) again.setAttribute("aria-disabled", "true");
      else if (again.hasAttribute("aria-disabled")) open(again);
      if (part("again-left")) part("again-left").textContent = wait ? "(" + format(wait) + ")" : "";
    }
    if (left || wait) ticker = setTimeout(tick, 500);
  }
  function open(button) {
    var reason = part("again-reason");
    button.removeAttribute("aria-disabled");
    button.removeAttribute("aria-describedby");
    if (reason) reason.hidden = true;
    say(button.dataset.opened || "");
  }
  function prepare() {
    each([part("minute"), part("again")], function (it) {
      if (it && !clock) setClock(+it.dataset.now, pageAge());
    });
    offerCopy();
    tick();
  }

  // Without scripts the shopper copies the link from its field.
  function offerCopy() {
    var button = part("copy"), field = part("pay-link");
    if (!button || !field) return;
    function confirmCopy() { button.textContent = button.dataset.done; }
    function copyFromField() {
      field.select();
      if (document.execCommand("copy")) confirmCopy();
    }
    button.hidden = false;
    button.onclick = function () {
      if (navigator.clipboard) navigator.clipboard.writeText(field.value).then(confirmCopy, copyFromField);
      else copyFromField();
    };
  }

  panel.addEventListener("click", function (event) {
    var again = part("again"), check = part("check"), place = part("checked");
    if (again && again.contains(event.target) && again.hasAttribute("aria-disabled")) event.preventDefault();
    if (!check || !check.contains(event.target) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (place) place.textContent = place.dataset.checking || "";
    pause = firstPause();
    poll(true);
  });
  document.addEventListener("visibilitychange", function () {
    pollNow();
    tick();
  });
  ["pageshow", "focus"].forEach(function (name) { window.addEventListener(name, pollNow); });
  window.addEventListener("pagehide", outdate);
  window.addEventListener("offline", function () { report("offline"); });
  window.addEventListener("online", function () {
    outdate();
    pause = firstPause();
    if (pause || isOffline) poll();
  });
  known = sentence(headingOf(), part("page-status"));
  prepare();
  pause = firstPause();
  schedule();
})();
