// The page of our own app as a team would build it on atlassian-connect-express: its middleware
// verifies the token, looks up the tenant and makes a fresh token; the rows come from PostgreSQL.
// Around it stands what Atlassian's own template for such apps puts there, which is also what our
// side does: an access line, security headers, no caching.
const ace = require("atlassian-connect-express");
const compression = require("compression");
const cookies = require("cookie-parser");
const express = require("express");
const hbs = require("express-hbs");
const helmet = require("helmet");
const morgan = require("morgan");
const nocache = require("nocache");
const pg = require("pg");

const { PORT, PEER_DATABASE_URL, PEER_VIEWS, PEER_TENANT } = process.env;
const tenant = JSON.parse(PEER_TENANT);
const rows = {
  name: "rows",
  text: `SELECT id, name, tool, project_key, owner, updated_at FROM integrations
         WHERE client_key = $1 ORDER BY created_at DESC, id DESC LIMIT $2`,
};

const app = express();
const addon = ace(app);
const pool = new pg.Pool({ connectionString: PEER_DATABASE_URL, max: 10 });

app.disable("x-powered-by");
app.engine("hbs", hbs.express4({}));
app.set("view engine", "hbs");
app.set("views", PEER_VIEWS);
app.use(morgan("combined"));
app.use(express.json());
app.use(express.urlencoded({ extended: false }));
app.use(cookies());
app.use(compression());
app.use(helmet.hsts({ maxAge: 31536000, includeSubDomains: true }));
app.use(helmet.referrerPolicy({ policy: ["origin"] }));
app.use(nocache());
app.use(addon.middleware());

app.get("/ready", (_request, response) => response.send("ready"));
app.get("/connect/pages/general", addon.authenticate(), async (request, response, next) => {
  try {
    const values = [request.context.clientKey, Number(tenant.rows)];
    const found = await pool.query({ ...rows, values });
    response.render("list", { rows: found.rows });
  } catch (error) {
    next(error);
  }
});

addon.settings
  .set("clientInfo", tenant.clientInfo, tenant.clientInfo.clientKey)
  .then(() => app.listen(Number(PORT), "127.0.0.1"));
