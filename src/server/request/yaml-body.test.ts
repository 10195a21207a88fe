import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from '../../api/status.ts'
import { TestServer } from '../testing.ts'
import type { RecordedBody } from './audit-bodies.ts'
import { readYamlBody } from './yaml-body.ts'

const lines = (count: number): string => Array.from({ length: count }, (_, index) => `  k${index}: "v"`).join('\n')
const configMap = (data: string, name = 'a'): Buffer =>
  Buffer.from(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n${data}\n`)
const path = '/api/v1/namespaces/default/configmaps'
const yaml = { 'content-type': 'application/yaml' }
const user = { name: 'ann', groups: [] }
const request = { signal: new AbortController().signal }

/** Turns of the event loop until a body is read. */
async function turnsFor(body: Buffer): Promise<number> {
  let turns = 0
  let reading = true
  const done = readYamlBody({ request, user } as unknown as Parameters<typeof readYamlBody>[0], body).finally(() => {
    reading = false
  })
  while (reading) {
    await new Promise(resolve => setImmediate(resolve))
    turns++
  }
  assert.equal((await done).ok, true)
  return turns
}

test('readYamlBody() holds the event loop for no large body', async () => {
  assert.ok((await turnsFor(configMap(lines(10)))) <= 1)
  assert.ok((await turnsFor(configMap(lines(5000)))) > 10)
})

test('readYamlBody() returns the JSON of a large body for recording', async () => {
  const kept: RecordedBody[] = []
  const keepBody = (body: RecordedBody) => kept.push(body)
  const context = { request, keepBody, user } as unknown as Parameters<typeof readYamlBody>[0]
  const outcome = await readYamlBody(context, configMap(lines(5000)))
  assert.ok(outcome.ok)
  assert.deepEqual(JSON.parse(kept[0]?.bytes.toString() ?? ''), outcome.value)
})

test('readYamlBody() refuses a user too many large waiting bodies, and reads those of others in turn', async () => {
  const read = (name: string) =>
    readYamlBody({ request, user: { name, groups: [] } } as unknown as Parameters<typeof readYamlBody>[0], configMap(lines(3000))).then(
      () => name,
      (err: unknown) => (err instanceof ApiError ? `${err.status.code} ${err.status.details?.retryAfterSeconds}` : String(err)),
    )
  const done: string[] = []
  // One runs, ten wait.
  const accounts = Array.from({ length: 12 }, (_, at) => read(`system:serviceaccount:a:robot-${at}`))
  const others = ['ann', 'system:serviceaccount:b:robot-0'].map(read)
  await Promise.all([...accounts, ...others].map(reading => reading.then(name => done.push(name))))
  assert.equal(done[0], '429 1')
  assert.deepEqual(done.slice(1, 5), [
    'system:serviceaccount:a:robot-0',
    'system:serviceaccount:a:robot-1',
    'ann',
    'system:serviceaccount:b:robot-0',
  ])
  assert.equal(done.length, 14)
})

test('a large body in YAML is created, refused and warned about as a small one', async () => {
  await using server = new TestServer()
  const created = await server.request('POST', path, configMap(lines(5000)), yaml)
  assert.equal(created.status, 201)
  assert.equal(created.json.data.k4999, 'v')
  const twice = await server.request('POST', `${path}?dryRun=All`, configMap(`${lines(5000)}\n  k0: w`, 'b'), yaml)
  assert.equal(twice.status, 201)
  assert.match(twice.headers['warning'] ?? '', /key \\"k0\\" already set in map/)
  const broken = await server.request('POST', path, configMap(`${lines(5000)}\n  "`), yaml)
  assert.equal(broken.status, 400)
  assert.match(
    broken.json.message,
    /^the object provided is unrecognized \(must be of type ConfigMap\): yaml: line \d+: .* \([\da-f]{60} \.\.\.\)$/,
  )
})

test('a large apply configuration in YAML is read apart too', async () => {
  await using server = new TestServer()
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  const applied = await server.request('PATCH', `${path}/a?fieldManager=m`, configMap(lines(5000)), headers)
  assert.equal(applied.status, 201)
  const broken = await server.request('PATCH', `${path}/a?fieldManager=m`, configMap(`${lines(5000)}\n  "`), headers)
  assert.match(broken.json.message, /^error decoding YAML: error converting YAML to JSON: yaml: line \d+: /)
})

test('aliases that make more of a body than one in JSON may have are refused', async () => {
  await using server = new TestServer()
  const body = configMap(`  a: &a "${'x'.repeat(50_000)}"\n${Array.from({ length: 80 }, (_, index) => `  k${index}: *a`).join('\n')}`)
  const answer = await server.request('POST', path, body, yaml)
  assert.equal(answer.status, 413)
  assert.match(answer.json.message, /more than 3145728 bytes of JSON/)
})

test('readYamlBody() reads JSON as JSON, and leaves differing texts to YAML', async () => {
  const context = { request } as Parameters<typeof readYamlBody>[0]
  const read = (text: string) => readYamlBody(context, Buffer.from(text))
  assert.deepEqual(await read('{"a":"yes","b":[1,2.5e3,null,"<<"]}'), {
    ok: true,
    value: { a: 'yes', b: [1, 2500, null, '<<'] },
    duplicate: undefined,
  })
  assert.deepEqual(await read('{"a":1,"a":2}'), {
    ok: true,
    value: { a: 2 },
    duplicate: 'yaml: unmarshal errors:\n  line 1: key "a" already set in map',
  })
  assert.deepEqual(await read('{a: yes}'), { ok: true, value: { a: true }, duplicate: undefined })
  const large = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, 'v']))
  assert.deepEqual(await turnsFor(Buffer.from(JSON.stringify(large))), 1)
})
