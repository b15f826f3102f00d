// The PIN stays here: the page posts "right", "wrong" or "cancel". Hidden, it polls for 5 minutes.
"use strict";
{
  let hiddenAt = Date.now(), busy = 0, turn = 0;

  const part = (name, page = document) => page.getElementById(name);
  function get(address, body) {
    const mine = busy = ++turn;
    fetch(address, body && {method: "POST", body})
      .then((answer) => answer.text())
      .then((text) => mine === turn && show(text))
      .catch(() => {})
      .then(() => mine === turn && (busy = 0));
  }
  function poll() {
    if (!busy && !(document.hidden && Date.now() - hiddenAt > 3e5)) get(location.pathname);
  }

  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html"), at = document.activeElement;
    const screen = part("screen"), fresh = part("screen", page), pin = part("pin");
    if (!fresh || pin?.value && part("number", page).textContent !== part("number").textContent) return;
    for (const name of ["clock", "number", "waiting", "phones"]) {
      const old = part(name), html = part(name, page).innerHTML;
      if (old.innerHTML !== html && !old.contains(at)) old.innerHTML = html;
    }
    part("others").hidden = part("others", page).hidden;
    document.title = page.title;
    if (fresh.dataset.version === screen.dataset.version) return;
    const hadFocus = screen.contains(at);
    screen.dataset.version = fresh.dataset.version;
    screen.innerHTML = fresh.innerHTML;
    if (!openPad()) part("status").textContent = fresh.dataset.status;
    if (hadFocus && !part("pin")) screen.focus();
  }
  // A frame leaves the focus to the shop.
  function openPad() {
    const pin = part("pin");
    if (!pin) return false;
    part("pad").hidden = false;
    part("plain").hidden = true;
    if (self === top || document.hasFocus()) pin.focus();
    return document.activeElement === pin;
  }

  function press(key) {
    const pin = part("pin");
    pin.value = key ? (pin.value + key).slice(0, 4) : pin.value.slice(0, -1);
  }
  function type(event) {
    const key = event.key, pin = part("pin");
    if (!pin || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Escape") part("cancel").click();
    else if (/^\d$|^Backspace$/.test(key)) press(key[1] ? "" : key);
    else if (event.target !== pin || key[1]) return;
    event.preventDefault();
  }
  function answer(event) {
    const form = event.target, pin = part("pin"), body = new FormData(form);
    let result = event.submitter.value;
    event.preventDefault();
    if (result === "send") {
      if (!pin.value[3]) return part("status").textContent = "The PIN has 4 digits.", pin.focus();
      result = pin.value === "1234" ? "right" : "wrong";
    }
    pin.value = "";
    body.set("answer", result);
    get(form.action, body);
  }

  document.onclick = ({target}) => { if ("key" in target.dataset) press(target.dataset.key); };
  document.onkeydown = type;
  document.onsubmit = answer;
  document.onvisibilitychange = () => { hiddenAt = Date.now(); poll(); };
  setInterval(poll, 2000);
  openPad();
}
