// Loads the payment page's script once the first paint has all it needs, so that the script does not delay it.
(function () {
  var script = document.createElement("script");
  script.src = document.currentScript.dataset.script;
  script.async = true;
  document.head.appendChild(script);
})();
