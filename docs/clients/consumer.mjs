#!/usr/bin/env node
// Keeps users, groups and memberships of all your customers in step, in one JSON file. Node 18, nothing else.
//
//     ROLLCALL_URL=https://rollcall.example.com ROLLCALL_KEY=… node consumer.mjs people.json
//
// The file stands for your database, and save() for the transaction that has the rows and the cursor.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

const { ROLLCALL_URL, ROLLCALL_KEY } = process.env;
const file = process.argv[2];
const load = () => (existsSync(file) ? JSON.parse(readFileSync(file)) : { users: {}, groups: {} });

function save(table) {
  writeFileSync(`${file}.new`, JSON.stringify(table));
  renameSync(`${file}.new`, file);
}

async function get(path, query = {}) {
  const headers = { authorization: `Bearer ${ROLLCALL_KEY}` };
  const answer = await fetch(`${ROLLCALL_URL}${path}?${new URLSearchParams(query)}`, { headers });
  if (answer.ok) return answer;
  throw Object.assign(new Error(await answer.text()), { status: answer.status });
}
const json = async (path, query) => (await get(path, query)).json();

// told: a line of a snapshot, or the data of an event.
function put(table, noun, organization, directory, told) {
  const rows = table[`${noun}s`], { id } = told[noun];
  rows[id] = { organization, directory, version: told.version, document: told[noun], members: rows[id]?.members ?? {} };
  return rows[id];
}

// All of one customer anew. One that has been deleted has nothing.
async function takeSnapshot(table, organization) {
  for (const rows of [table.users, table.groups])
    for (const id in rows) if (rows[id].organization === organization) delete rows[id];
  const answer = await get(`/v1/organizations/${organization}/snapshot`).catch((error) => {
    if (error.status !== 404) throw error;
  });
  if (!answer) return;
  let line;
  for await (const text of createInterface({ input: Readable.fromWeb(answer.body) })) {
    line = JSON.parse(text);
    if (line.type === 'user' || line.type === 'group') put(table, line.type, organization, line.directory_id, line);
    if (line.type === 'members')
      for (const { id, type } of line.members) table.groups[line.group_id].members[id] = type;
  }
  if (line.type !== 'end') throw new Error('the snapshot was cut');
}

// The cursor first: what happens while snapshots are taken comes again behind it, and is known to be old.
async function begin() {
  const table = { cursor: (await json('/v1/events', { cursor: 'now' })).next_cursor, users: {}, groups: {} };
  for (let page = { next_cursor: '' }; page.next_cursor !== null; ) {
    page = await json('/v1/organizations', { limit: 100, ...(page.next_cursor && { cursor: page.next_cursor }) });
    for (const { id } of page.organizations) await takeSnapshot(table, id);
  }
  return table;
}

async function apply(table, { type, organization_id: organization, directory_id: directory, data }) {
  const [noun, what] = type.split('.');
  if (noun === 'organization' || noun === 'directory')
    return ['deleted', 'restored'].includes(what) && takeSnapshot(table, organization);
  const rows = table[`${noun}s`], { id } = data[noun];
  if (data.version < rows[id]?.version) return; // older than what is here
  if (what === 'deleted') {
    delete rows[id];
    for (const group of Object.values(table.groups)) delete group.members[id];
    return;
  }
  const { members } = put(table, noun, organization, directory, data);
  for (const member of data.members ?? [])
    if (what === 'member_removed') delete members[member.id];
    else members[member.id] = member.type;
}

async function follow() {
  const table = load();
  if (!table.cursor) return save(await begin());
  const types = 'user.*,group.*,organization.*,directory.*';
  const page = await json('/v1/events', { cursor: table.cursor, types, limit: 1000, wait: 30 });
  for (const event of page.events) await apply(table, event);
  table.cursor = page.next_cursor;
  save(table);
}

while (true) {
  await follow().catch(async (error) => {
    console.error(error.message);
    if (error.message.includes('problem:expired-cursor')) save({ users: {}, groups: {} }); // and so begin again
    await pause(1000);
  });
}
