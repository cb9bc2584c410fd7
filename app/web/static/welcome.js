// A one-time link stands after the # of the address, which a browser tells to no server. It is sent
// once in the body of a form, and taken out of the address and the history before that.

const form = document.querySelector("form[data-welcome]");
const token = location.hash.slice(1);

if (form && token) {
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = token;
  form.submit();
}
