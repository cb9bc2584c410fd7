// Atlassian's host script was written for pages that have an AMD loader and an older jQuery.
(function prepareForBridge() {
  const ajaxLoad = jQuery.fn.load;
  // jQuery 3 took `.load(handler)` away; the bridge still binds dialogs' load event with it.
  jQuery.fn.load = function load(handler) {
    return typeof handler === "function" ? this.on("load", handler) : ajaxLoad.apply(this, arguments);
  };
  window.require = function requireStub(name) {
    if (name === "ac/analytics") {
      return { emitGasV3() {} };
    }
    throw new Error(`There is no module ${name} here`);
  };
})();
