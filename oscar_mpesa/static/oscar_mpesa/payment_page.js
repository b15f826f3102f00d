// Polls the payment's status and updates the page, unless the user is typing. Pauses while the page is hidden.
(function () {
  "use strict";
  var panel = document.getElementById("mpesa-payment"), isFetching = false, pause, timer;
  if (!panel || !window.fetch || !window.DOMParser) return;

  function each(list, act) { [].slice.call(list).forEach(act); }
  function part(name, page) { return (page || document).getElementById("mpesa-" + name); }
  function firstPause() { return panel.dataset.open ? 2000 : panel.dataset.retry ? 15000 : 0; }
  function isTyping() {
    var active = document.activeElement;
    return panel.contains(active) && active.tagName === "INPUT" && !active.readOnly;
  }
  // Abort after 30 seconds, because no other request starts while this one is open.
  function get(url) {
    var stop = window.AbortController ? new AbortController() : {};
    if (stop.signal) setTimeout(function () { stop.abort(); }, 30000);
    return fetch(url, {credentials: "same-origin", cache: "no-store", signal: stop.signal}).then(function (response) {
      if (!response.ok) throw response.status;
      return response;
    });
  }

  function poll() {
    clearTimeout(timer);
    if (isFetching || document.hidden) return;
    if (isTyping()) return schedule();
    isFetching = true;
    get(panel.dataset.status)
      .then(function (response) {
        showCheckTime(response.headers.get("Date"));
        return response.json();
      })
      .then(function (status) {
        if (status.version === panel.dataset.version) return;
        return get(location.pathname).then(function (response) { return response.text(); }).then(show);
      })
      .catch(function (error) {
        if (error === 404) return location.reload();  // the payment link was revoked
        pause = Math.min(pause * 2, firstPause() * 10);
      })
      .then(function () { isFetching = false; schedule(); });
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

  function show(text) {
    var page = new DOMParser().parseFromString(text, "text/html"), fresh = part("payment", page);
    if (!fresh) return location.reload();
    if (isTyping()) return;
    var active = document.activeElement, heading = part("heading"), next = part("next"), hadFocus = next.contains(active);
    document.title = page.title;
    panel.className = fresh.className;
    ["version", "open", "retry"].forEach(function (name) { panel.dataset[name] = fresh.dataset[name]; });
    if (heading) heading.textContent = part("heading", page).textContent;
    part("about").textContent = part("about", page).textContent;
    var oldStatus = part("page-status"), newStatus = part("page-status", page);
    if (oldStatus.textContent !== newStatus.textContent) oldStatus.innerHTML = newStatus.innerHTML;
    update(next, part("next", page));
    pause = firstPause();
    prepare();
    var keepsFocus = hadFocus && next.contains(active) && panel.dataset.open;
    if (heading && !keepsFocus && (hadFocus || active === document.body)) heading.focus();
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
      if (node.nodeType !== 1) match.nodeValue = node.nodeValue;
      else updateElement(match, node);
    });
    while (current) current = remove(old, current);
  }
  function hasFocus(node) {
    var id = document.activeElement.id;
    return !!id && node.nodeType === 1 && (node.id === id || !!node.querySelector("#" + id));
  }
  function matches(a, b) { return a.nodeName === b.nodeName && a.id === b.id && hasFocus(a) === hasFocus(b); }
  function remove(parent, child) {
    var after = child.nextSibling;
    parent.removeChild(child);
    return after;
  }
  function updateElement(old, fresh) {
    each(old.attributes, function (it) {
      if (!fresh.hasAttribute(it.name) && it.name !== "open") old.removeAttribute(it.name);
    });
    each(fresh.attributes, function (it) { old.setAttribute(it.name, it.value); });
    update(old, fresh);
  }

  // "Last checked", by the server's clock.
  function showCheckTime(date) {
    var place = panel.querySelector(".mpesa-checked time");
    if (!place || !date) return;
    place.textContent = new Date(date).toLocaleTimeString(
      "en-GB", {hour: "2-digit", minute: "2-digit", timeZone: "Africa/Nairobi"});
  }

  // A push to the same phone must wait, so its button only works from the time the server gives. It uses aria-disabled:
  // browsers that stop scripts after load, such as Opera Mini, could never enable a disabled button.
  function prepare() {
    offerCopy();
    var button = part("again"), wait = button ? (button.dataset.opens || 0) - (button.dataset.now || 0) : 0;
    if (wait <= 0) return;
    button.setAttribute("aria-disabled", "true");
    button.onclick = function () { return !button.hasAttribute("aria-disabled"); };
    setTimeout(function () {
      button.removeAttribute("aria-disabled");
      if (button.nextElementSibling) button.nextElementSibling.hidden = true;
    }, wait * 1000 + 1000);
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

  document.addEventListener("visibilitychange", pollNow);
  ["pageshow", "focus", "online"].forEach(function (name) { window.addEventListener(name, pollNow); });
  prepare();
  pause = firstPause();
  schedule();
})();
