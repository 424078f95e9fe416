// In the place of Flet's own, which runs Python in a browser: the dashboard does not. This keeps the
// page to its server, for Flet would ask a CDN for a player of animations each time it starts.

const src = Object.getOwnPropertyDescriptor(HTMLScriptElement.prototype, "src");

Object.defineProperty(HTMLScriptElement.prototype, "src", {
  ...src,
  set(url) {
    if (new URL(url, document.baseURI).origin === location.origin) src.set.call(this, url);
  },
});

// For the full time of a moment, which the server writes.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `zone=${zone}; Path=/dashboard; SameSite=Strict`;
