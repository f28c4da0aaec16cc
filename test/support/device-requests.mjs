// As many requests as devices make in a day, one after the other: node device-requests.mjs URL COUNT. Prints how many were answered how.
const [url, count] = process.argv.slice(2);
const headers = { 'Snap-Device-Series': '16', 'Snap-Device-Architecture': 'amd64', 'Content-Type': 'application/json' };
const refresh = JSON.stringify({
  context: [],
  actions: [{ action: 'install', 'instance-key': 'a', name: 'jq', channel: 'stable' }],
  fields: ['revision', 'download'],
});
const info = () => fetch(`${url}/v2/snaps/info/jq?architecture=amd64&fields=download,revision`, { headers });
const download = async () => {
  const { 'channel-map': map } = await (await info()).json();
  return fetch(map[0].download.url, { headers });
};
const kinds = [
  info,
  () => fetch(`${url}/v2/snaps/refresh`, { method: 'POST', headers, body: refresh }),
  () => fetch(`${url}/v2/assertions/account/testpublisher`, { headers }),
  download,
  () => fetch(`${url}/_status/check`),
];
const statuses = {};
for (let number = 0; number < Number(count); number++) {
  const answer = await kinds[number % kinds.length]();
  const body = await answer.text();
  if (!answer.ok) process.stderr.write(`${number % kinds.length}: ${body.slice(0, 200)}\n`);
  statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
}
process.stdout.write(JSON.stringify(statuses));
