// A provider of OpenID Connect on this machine, which insists on PKCE: node oidc_provider.mjs PORT CALLBACK
import Provider from "oidc-provider";

const [port, callback] = process.argv.slice(2);
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{ client_id: "project", client_secret: "a-secret-that-is-long-enough-for-a-test", redirect_uris: [callback] }],
  pkce: { required: () => true },
  claims: { email: ["email", "email_verified"] },
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["test"] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }) }),
});
provider.listen(Number(port), "127.0.0.1");
