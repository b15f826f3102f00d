// Looks for news of the payment and puts it into the page: the live region stays, the focused control keeps its focus,
// and nothing moves while somebody types. Rests while the page is hidden, and looks at once when it is seen again.
(function () {
  "use strict";
  var panel = document.getElementById("mpesa-wait"), asking = false, pause, timer;
  if (!panel || !window.fetch || !window.DOMParser) return;

  function part(name, page) { return (page || document).getElementById("mpesa-" + name); }
  function firstPause() { return panel.dataset.open ? 2000 : panel.dataset.retry ? 15000 : 0; }
  function isTyping() {
    var at = document.activeElement;
    return panel.contains(at) && at.tagName === "INPUT";
  }
  function get(address) {
    return fetch(address, {credentials: "same-origin", cache: "no-store"}).then(function (answer) {
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
    var at = document.activeElement, isOurs = part("next").contains(at), heading = part("heading");
    document.title = page.title;
    panel.className = fresh.className;
    ["version", "open", "retry"].forEach(function (name) { panel.dataset[name] = fresh.dataset[name]; });
    if (heading) heading.textContent = part("heading", page).textContent;
    ["news", "next"].forEach(function (name) { part(name).innerHTML = part(name, page).innerHTML; });
    pause = firstPause();
    prepare();
    var same = isOurs && at.id && document.getElementById(at.id);
    if (same && !same.disabled && panel.dataset.open) same.focus();
    else if (heading && (isOurs || at === document.body)) heading.focus();
  }

  // "Last checked", by the server's clock.
  function stamp(date) {
    var place = panel.querySelector(".mpesa-checked time");
    if (!place || !date) return;
    place.textContent = new Date(date).toLocaleTimeString(
      "en-GB", {hour: "2-digit", minute: "2-digit", timeZone: "Africa/Nairobi"});
  }

  // The same phone cannot be asked again at once: its button opens when the server will take it.
  function prepare() {
    offerCopy();
    var button = part("again"), wait = button ? (button.dataset.opens || 0) - (button.dataset.now || 0) : 0;
    if (!button) return;
    button.disabled = wait > 0;
    if (wait > 0) setTimeout(function () { button.disabled = false; }, wait * 1000 + 1000);
  }

  // Without scripts the link stands in a field to be copied by hand.
  function offerCopy() {
    var button = part("copy"), field = part("link");
    if (!button || !field) return;
    button.hidden = false;
    button.onclick = function () {
      field.select();
      if (navigator.clipboard) navigator.clipboard.writeText(field.value);
      else document.execCommand("copy");
      button.textContent = button.dataset.done;
    };
  }

  document.addEventListener("visibilitychange", again);
  ["pageshow", "focus", "online"].forEach(function (name) { window.addEventListener(name, again); });
  prepare();
  pause = firstPause();
  later();
})();
