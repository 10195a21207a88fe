import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseImageReference } from '../../api/image-reference.ts'
import type { Container, Secret } from '../../api/types/core-v1.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { FakeRuntime } from '../fake/fake-runtime.ts'
import { ImageError, ImagePuller } from './image-puller.ts'
import { PullRecords } from './pull-records.ts'

const password = 'a password nobody may read'
function pullSecret(uid: string, username: string, host = 'r.example'): Secret {
  const auths = { [host]: { username, password } }
  return { metadata: { uid, name: uid }, data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') } }
}
const owner = pullSecret('of-a', 'ann')
const image = 'r.example/private:1'

/** A node whose registry lets only ann pull the private image, and everyone the public one. `registry` runs before it answers. */
function nodeOf(records = new PullRecords(), registry: (image: string) => void = () => undefined) {
  const clock = new FakeClock()
  const pulls: string[] = []
  const answer = (name: string, username: string | undefined) => {
    pulls.push(`${username ?? 'nobody'} ${name}`)
    registry(name)
    if (name.includes('private') && username !== 'ann') throw new Error('authorization failed')
  }
  const runtime = new FakeRuntime({ clock, registry: answer })
  const puller = new ImagePuller(runtime, records, clock)
  let pods = 0
  const use = async (secrets: readonly Secret[], container: Partial<Container> = {}, signal = AbortSignal.timeout(60_000)) => {
    const request = {
      podUid: `u${pods++}`,
      container: { name: 'c', image, ...container },
      secrets: async () => secrets,
      own: undefined,
      event: () => undefined,
    }
    try {
      await puller.ensure(request, signal)
      return 'runs'
    } catch (err) {
      if (err instanceof ImageError) return err.reason
      throw err
    }
  }
  return { runtime, pulls, use, clock }
}

test('CVE-2015-7561: a private image that another pod pulled runs only for pods that may pull it', async t => {
  const { use, pulls } = nodeOf()
  assert.equal(await use([owner]), 'runs')
  const pulled = pulls.length
  const ways: readonly [string, readonly Secret[], Partial<Container>, string][] = [
    ['without a Secret', [], {}, 'ErrImagePull'],
    ['without a Secret, by the policy Never', [], { imagePullPolicy: 'Never' }, 'ErrImageNeverPull'],
    ["with another user's credentials", [pullSecret('of-b', 'bob')], {}, 'ErrImagePull'],
    ['with those of another registry', [pullSecret('of-b', 'ann', 's.example')], {}, 'ErrImagePull'],
  ]
  for (const [what, secrets, container, reason] of ways) await t.test(what, async () => assert.equal(await use(secrets, container), reason))
  const refused = pulls.length
  assert.equal(refused - pulled, 3)
  assert.equal(await use([owner]), 'runs')
  assert.equal(await use([owner], { imagePullPolicy: 'Never' }), 'runs')
  // The same credentials in another namespace, and other credentials in the same Secret.
  assert.equal(await use([pullSecret('of-c', 'ann')]), 'runs')
  assert.equal(await use([pullSecret('of-a', 'ann, renewed')]), 'runs')
  assert.equal(pulls.length, refused)
})

test('the right to an image by one name does not cover another name, of a repository whose registry was not asked', async () => {
  const records = new PullRecords()
  const { use, runtime } = nodeOf(records)
  await use([owner])
  const [there] = await runtime.listImages()
  assert.ok(there)
  for (const [name, admitted] of [
    [image, true],
    [`r.example/private@${there.id}`, true],
    ['r.example/copy:1', false],
  ] as const) {
    const reference = parseImageReference(name)
    assert.ok(reference)
    assert.equal(await records.admits(there, reference, async () => [owner, pullSecret('of-b', 'bob')]), admitted, name)
    assert.equal(await records.admits(there, reference, async () => []), false, name)
  }
})

test('a public image may be used by all once it was pulled without credentials', async () => {
  const { use, pulls } = nodeOf()
  const open = { image: 'r.example/public:1' }
  assert.equal(await use([owner], open), 'runs')
  assert.equal(await use([], open), 'runs')
  assert.equal(await use([], { ...open, imagePullPolicy: 'Never' }), 'runs')
  assert.deepEqual(pulls, ['ann r.example/public:1', 'nobody r.example/public:1'])
})

test('an image older than the agent may be used by all, also during and after a failed pull', async () => {
  let during = ''
  const node = nodeOf(new PullRecords(), () => {
    asked.push(
      node.use([], { imagePullPolicy: 'Never' }).then(outcome => {
        during = outcome
      }),
    )
  })
  const asked: Promise<void>[] = []
  node.runtime.addImage(image)
  assert.equal(await node.use([pullSecret('of-b', 'bob')], { imagePullPolicy: 'Always' }), 'ErrImagePull')
  await Promise.all(asked)
  assert.equal(during, 'runs')
  assert.equal(await node.use([]), 'runs')
})

test('an image of the node stays usable by all when the same one is pulled by another name', async () => {
  const node = nodeOf(new PullRecords(), () => void node.runtime.addImage(image, '65532', 'node.example/own:1'))
  node.runtime.addImage('node.example/own:1')
  assert.equal(await node.use([owner]), 'runs')
  assert.equal(await node.use([], { image: 'node.example/own:1', imagePullPolicy: 'Never' }), 'runs')
})

test('no pod may use an image whose pull has not ended', async () => {
  const asked: Promise<void>[] = []
  let during = ''
  const node = nodeOf(new PullRecords(), () => {
    // The runtime has the image before it answers.
    node.runtime.addImage(image)
    asked.push(
      node.use([], { imagePullPolicy: 'Never' }).then(outcome => {
        during = outcome
      }),
    )
  })
  assert.equal(await node.use([owner]), 'runs')
  await Promise.all(asked)
  assert.equal(during, 'ErrImageNeverPull')
})

async function fileOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pulls-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'pull-records.json')
}

test('the records survive the agent, contain no password, and only the agent can read them', async t => {
  const file = await fileOf(t)
  const before = nodeOf(await PullRecords.open(file, []))
  assert.equal(await before.use([owner]), 'runs')
  const text = await readFile(file, 'utf8')
  // A short name may occur in the random text of a hash.
  assert.doesNotMatch(text, new RegExp(`${password}|"ann|ann"`))
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const after = nodeOf(await PullRecords.open(file, await before.runtime.listImages()))
  after.runtime.addImage(image)
  assert.equal(await after.use([]), 'ErrImagePull')
  assert.equal(await after.use([owner], { imagePullPolicy: 'Never' }), 'runs')
})

test('no pod may use an image whose pull the agent did not survive, until it is pulled again', async t => {
  const file = await fileOf(t)
  const stop = new AbortController()
  const before = nodeOf(await PullRecords.open(file, []), () => stop.abort(new Error('the agent stops')))
  await assert.rejects(before.use([owner], {}, stop.signal), /the agent stops/)
  before.runtime.addImage(image)
  const after = nodeOf(await PullRecords.open(file, await before.runtime.listImages()))
  after.runtime.addImage(image)
  assert.equal(await after.use([], { imagePullPolicy: 'Never' }), 'ErrImageNeverPull')
  assert.equal(await after.use([owner]), 'runs')
  assert.equal(await after.use([], { imagePullPolicy: 'Never' }), 'ErrImageNeverPull')
  assert.equal(await after.use([owner], { imagePullPolicy: 'Never' }), 'runs')
})

test('records of removed images are dropped', async t => {
  const file = await fileOf(t)
  const before = nodeOf(await PullRecords.open(file, []))
  await before.use([owner])
  const after = nodeOf(await PullRecords.open(file, []))
  after.runtime.addImage(image)
  assert.equal(await after.use([]), 'runs')
})

for (const [what, text] of [
  ['is not JSON', '{"salt":'],
  ['is none', '{"salt":"x","pulling":[],"images":{"sha256:0":{"r.example/a":"everybody"}}}'],
] as const)
  test(`PullRecords.open() refuses a record that ${what}`, async t => {
    const file = await fileOf(t)
    await writeFile(file, text)
    await assert.rejects(PullRecords.open(file, []), /pull-records\.json" is damaged/)
  })

test('each image and repository keeps the hundred credentials that pulled it last', async () => {
  const { use, pulls } = nodeOf()
  const open = { image: 'r.example/public:1' }
  const user = (number: number) => [pullSecret(`uid-${number}`, `user-${number}`)]
  for (let number = 0; number < 60; number++) assert.equal(await use(user(number), open), 'runs')
  const before = pulls.length
  await use(user(59), open)
  assert.equal(pulls.length, before)
  await use(user(0), open)
  assert.equal(pulls.length, before + 1)
})
