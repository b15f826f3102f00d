// Copies the payment link. Follows a payment that has no result yet: asks whether it changed, shows the new answer, and
// announces it once. Waits while the tab is hidden or somebody works in a part. Stops with the payment, without access,
// and after ten minutes. Without scripts, the link "Look again" does the same.
(function () {
  "use strict";
  var copy = document.getElementById("mpesa-copy"), link = document.getElementById("mpesa-link");
  if (!copy || !link || !navigator.clipboard) return;
  copy.hidden = false;
  copy.addEventListener("click", function () {
    navigator.clipboard.writeText(link.value).then(function () {
      document.getElementById("mpesa-live").textContent = copy.dataset.done;
      copy.textContent = copy.dataset.done;
    }, function () { link.select(); });
  });
})();

(function () {
  "use strict";
  var follow = document.getElementById("mpesa-follow"), until = Date.now() + 600000, pause = 3000, isOver = false;
  if (!follow || !window.fetch || !window.DOMParser) return;
  var version = follow.dataset.version, parts = ["answer", "actions", "facts", "timeline"];

  function part(name, page) { return (page || document).getElementById("mpesa-" + name); }
  function isBusy(element) {
    return element.contains(document.activeElement) || Boolean(element.querySelector("details[open]"));
  }
  function get(url) {
    return fetch(url, {mode: "same-origin", credentials: "same-origin", cache: "no-store"}).then(function (response) {
      if (response.status === 403 || response.status === 404 || response.redirected) isOver = true;
      if (!response.ok || isOver) throw new Error("no answer");
      return response;
    });
  }
  function show(text) {
    var page = new DOMParser().parseFromString(text, "text/html");
    if (!part("answer", page) || isBusy(part("answer"))) return false;
    parts.forEach(function (name) {
      var old = part(name), fresh = part(name, page);
      if (old && fresh && !isBusy(old)) old.replaceWith(document.importNode(fresh, true));
    });
    part("live").textContent = part("headline").textContent;
    return true;
  }
  function poll() {
    if (isOver || Date.now() > until) return;
    if (document.hidden) return again();
    get(follow.dataset.state)
      .then(function (response) { return response.json(); })
      .then(function (state) {
        if (state.version === version) return;
        return get(location.href).then(function (response) { return response.text(); }).then(function (text) {
          if (!show(text)) return;
          version = state.version;
          isOver = !state.open;
          if (isOver) follow.hidden = true;
        });
      })
      .then(again, again);
  }
  function again() { if (!isOver) setTimeout(poll, pause); }
  again();
})();
