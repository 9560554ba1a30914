// Makes the replica set and its two users, or finds them there: root for people, social_crm for the service, which may read
// and write its own database and nothing else. Harmless to repeat; a changed MONGO_APP_PASSWORD takes effect.
// Runs on the server's own loopback, because that is where MongoDB lets the first user be made.

const admin = connect("mongodb://127.0.0.1:27017/admin?directConnection=true");

function primary() {
  for (let second = 0; second < 60; second++) {
    if (admin.hello().isWritablePrimary) return;
    sleep(1000);
  }
  throw new Error("the replica set has no primary after 60 seconds: see `docker compose logs mongo`");
}

function signedIn() {
  try {
    return admin.auth("root", process.env.MONGO_ROOT_PASSWORD).ok === 1;
  } catch (error) {
    return false;
  }
}

if (!admin.hello().setName) {
  const members = [{ _id: 0, host: "mongo:27017" }];
  const answer = admin.adminCommand({ replSetInitiate: { _id: "rs0", members } });
  if (answer.ok !== 1) throw new Error(`the replica set cannot be made: ${answer.errmsg}`);
}
primary();
if (!signedIn()) {
  // Allowed only while there is no user at all: with users there, the password in .env is not the one of the first start.
  admin.createUser({ user: "root", pwd: process.env.MONGO_ROOT_PASSWORD, roles: ["root"] });
  if (!signedIn()) throw new Error("MONGO_ROOT_PASSWORD is not the password of this database");
}
const own = admin.getSiblingDB("social_crm");
const user = { pwd: process.env.MONGO_APP_PASSWORD, roles: [{ role: "readWrite", db: "social_crm" }] };
if (own.getUser("social_crm")) {
  own.updateUser("social_crm", user);
} else {
  own.createUser({ user: "social_crm", ...user });
}
print("The replica set and its users are ready.");
