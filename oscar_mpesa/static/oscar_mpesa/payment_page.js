// Looks for news of the payment and puts it into the page, unless somebody types there. Rests while the page is hidden.
(function () {
  "use strict";
  var panel = document.getElementById("mpesa-payment"), asking = false, pause, timer;
  if (!panel || !window.fetch || !window.DOMParser) return;

  function each(list, act) { [].slice.call(list).forEach(act); }
  function part(name, page) { return (page || document).getElementById("mpesa-" + name); }
  function firstPause() { return panel.dataset.open ? 2000 : panel.dataset.retry ? 15000 : 0; }
  function isTyping() {
    var at = document.activeElement;
    return panel.contains(at) && at.tagName === "INPUT" && !at.readOnly;
  }
  // An answer that does not come within half a minute is lost on its way: nothing else would be asked meanwhile.
  function get(address) {
    var stop = window.AbortController ? new AbortController() : {};
    if (stop.signal) setTimeout(function () { stop.abort(); }, 30000);
    return fetch(address, {credentials: "same-origin", cache: "no-store", signal: stop.signal}).then(function (answer) {
      if (!answer.ok) throw answer.status;
      return answer;
    });
  }

  function look() {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    if (isTyping()) return later();
    asking = true;
    get(panel.dataset.status)
      .then(function (answer) {
        stamp(answer.headers.get("Date"));
        return answer.json();
      })
      .then(function (news) {
        if (news.version === panel.dataset.version) return;
        return get(location.pathname).then(function (answer) { return answer.text(); }).then(show);
      })
      .catch(function () { pause = Math.min(pause * 2, firstPause() * 10); })
      .then(function () { asking = false; later(); });
  }
  function later() {
    clearTimeout(timer);
    if (!firstPause()) return;
    timer = setTimeout(look, pause);
    pause = Math.min(pause * 1.15, firstPause() * 5);
  }
  function again() {
    pause = firstPause();
    if (pause) look();
  }

  function show(text) {
    var page = new DOMParser().parseFromString(text, "text/html"), fresh = part("wait", page);
    if (!fresh) return location.reload();
    if (isTyping()) return;
    var at = document.activeElement, next = part("next"), isOurs = next.contains(at), heading = part("heading");
    document.title = page.title;
    panel.className = fresh.className;
    ["version", "open", "retry"].forEach(function (name) { panel.dataset[name] = fresh.dataset[name]; });
    if (heading) heading.textContent = part("heading", page).textContent;
    part("about").textContent = part("about", page).textContent;
    var said = part("news"), says = part("news", page);
    if (said.textContent !== says.textContent) said.innerHTML = says.innerHTML;
    renew(next, part("next", page));
    pause = firstPause();
    prepare();
    var stays = isOurs && next.contains(at) && panel.dataset.open;
    if (heading && !stays && (isOurs || at === document.body)) heading.focus();
  }

  // What is in the old page and in the new one is never taken out, so it keeps its focus.
  function renew(old, fresh) {
    var here = old.firstChild;
    each(fresh.childNodes, function (node) {
      var same = here;
      while (same && !alike(same, node)) same = holds(same) ? null : same.nextSibling;
      if (!same) return old.insertBefore(node, here);
      while (here !== same) here = without(old, here);
      here = same.nextSibling;
      if (node.nodeType !== 1) same.nodeValue = node.nodeValue;
      else become(same, node);
    });
    while (here) here = without(old, here);
  }
  function holds(node) {
    var id = document.activeElement.id;
    return !!id && node.nodeType === 1 && (node.id === id || !!node.querySelector("#" + id));
  }
  function alike(a, b) { return a.nodeName === b.nodeName && a.id === b.id && holds(a) === holds(b); }
  function without(parent, child) {
    var after = child.nextSibling;
    parent.removeChild(child);
    return after;
  }
  function become(old, fresh) {
    each(old.attributes, function (it) {
      if (!fresh.hasAttribute(it.name) && it.name !== "open") old.removeAttribute(it.name);
    });
    each(fresh.attributes, function (it) { old.setAttribute(it.name, it.value); });
    renew(old, fresh);
  }

  // "Last checked", by the server's clock.
  function stamp(date) {
    var place = panel.querySelector(".mpesa-checked time");
    if (!place || !date) return;
    place.textContent = new Date(date).toLocaleTimeString(
      "en-GB", {hour: "2-digit", minute: "2-digit", timeZone: "Africa/Nairobi"});
  }

  // The same phone cannot be asked again at once: its button opens when the server will take it. It is not disabled:
  // where scripts are stopped after load, as Opera Mini does, nothing would open it.
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

  // Without scripts the link stands in a field to be copied by hand.
  function offerCopy() {
    var button = part("copy"), field = part("link");
    if (!button || !field) return;
    function say() { button.textContent = button.dataset.done; }
    function copyFromField() {
      field.select();
      if (document.execCommand("copy")) say();
    }
    button.hidden = false;
    button.onclick = function () {
      if (navigator.clipboard) navigator.clipboard.writeText(field.value).then(say, copyFromField);
      else copyFromField();
    };
  }

  document.addEventListener("visibilitychange", again);
  ["pageshow", "focus", "online"].forEach(function (name) { window.addEventListener(name, again); });
  prepare();
  pause = firstPause();
  later();
})();
