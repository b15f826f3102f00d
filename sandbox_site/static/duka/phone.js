// On wide screens the practice phone opens beside the shop and stays open on other pages. On narrow screens and
// without scripts its link opens a tab.
"use strict";
{
  const link = document.getElementById("duka-phone-link"), wide = matchMedia("(min-width: 1100px)");
  let phone = null;

  function toggle() {
    if (phone) {
      phone.remove();
      phone = null;
    } else {
      phone = document.createElement("iframe");
      phone.className = "duka-phone";
      phone.title = link.textContent.trim();
      phone.src = link.href;
      document.body.append(phone);
    }
    link.setAttribute("aria-expanded", String(Boolean(phone)));
    document.body.classList.toggle("duka-beside", Boolean(phone));
    sessionStorage.setItem("duka-phone", phone ? "open" : "");
  }
  function updateLink() {
    if (wide.matches) {
      link.setAttribute("role", "button");
      link.setAttribute("aria-expanded", "false");
      if (sessionStorage.getItem("duka-phone") && !phone) toggle();
    } else {
      if (phone) { toggle(); sessionStorage.setItem("duka-phone", "open"); }
      link.removeAttribute("role");
      link.removeAttribute("aria-expanded");
    }
  }

  if (link && self === top) {
    link.addEventListener("click", (event) => {
      if (!wide.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      toggle();
    });
    link.addEventListener("keydown", (event) => {
      if (event.key !== " " || !wide.matches) return;
      event.preventDefault();
      toggle();
    });
    wide.addEventListener("change", updateLink);
    updateLink();
  }
}
