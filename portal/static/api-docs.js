// Draws the API's description. No validator elsewhere is asked, and a key typed in stays on this page only.
"use strict";
const place = document.getElementById("api");
window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.description,
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
