import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { PackageSearch } from '../api/package-search.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { createFrameReader, encodeFrame } from '../base/net/frame.ts'
import { UserError } from '../base/user-error.ts'
import type { ImageAnswer, ImageAuthority, ImageQuestion } from '../supply-chain/policy/image-question.ts'
import { connectArtifacts } from './connect-artifacts.ts'
import { serveArtifacts } from './serve-artifacts.ts'

const { signal } = new AbortController()
const parent = await mkdtemp(join(tmpdir(), 'artifacts-'))
after(() => rm(parent, { recursive: true }))
let count = 0
const options = { clock: systemClock, log: silentLogger }
const question: ImageQuestion = {
  namespace: 'default',
  images: [{ image: 'nginx:1', policies: [{ namespace: '', name: 'p', resourceVersion: '1' }] }],
  credentials: [{ location: 'docker.io', username: 'u', password: 'p' }],
  trustRoots: [{ name: 't', resourceVersion: '2' }],
}
const answer: ImageAnswer = {
  known: true,
  image: 'nginx:1',
  digest: `sha256:${'a'.repeat(64)}`,
  verdict: 'Verified',
  identities: ['ann'],
  message: '',
  time: 5,
}

async function serve(part: Partial<ImageAuthority & PackageSearch>) {
  const authority = {
    evaluate: async () => [],
    where: async () => ({ hits: [], more: 0 }),
    ...part,
  }
  const path = join(parent, `${count++}.sock`)
  return { path, server: await serveArtifacts({ authority, socket: { path }, log: silentLogger }) }
}

test('serveArtifacts() passes questions and answers on, at a socket for its own user', async () => {
  const seen: ImageQuestion[] = []
  const { path, server } = await serve({
    async evaluate(asked) {
      seen.push(asked)
      return [answer]
    },
  })
  await using _server = server
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  await using connection = connectArtifacts(path, options)
  await connection.alive(signal)
  assert.deepEqual(await connection.evaluate(question, signal), [answer])
  assert.deepEqual(seen, [question])
})

test('serveArtifacts() shows the message of a refusal, and hides every other failure', async () => {
  const failures = [new UserError('too many images'), new Error('secret path')]
  const { path, server } = await serve({
    async evaluate() {
      throw failures.shift()
    },
  })
  await using _server = server
  await using connection = connectArtifacts(path, options)
  await assert.rejects(connection.evaluate(question, signal), /too many images/)
  await assert.rejects(connection.evaluate(question, signal), /^Error: The part "artifacts" failed, see its log$/)
})

test('connectArtifacts() rejects malformed answers and a part that ends', async () => {
  const hang = Promise.withResolvers<readonly ImageAnswer[]>()
  const results: Promise<readonly ImageAnswer[]>[] = [Promise.resolve([]), hang.promise]
  const { path, server } = await serve({ evaluate: () => results.shift() ?? Promise.resolve([]) })
  await using connection = connectArtifacts(path, options)
  await assert.rejects(connection.evaluate(question, signal), /malformed/)
  const lost = connection.evaluate(question, signal)
  const rejected = assert.rejects(lost, /broke before it answered/)
  await connection.alive(signal)
  await server[Symbol.asyncDispose]()
  await rejected
})

test('serveArtifacts() answers hostile requests with an error, and goes on', async () => {
  const { path, server } = await serve({ evaluate: async () => [answer] })
  await using _server = server
  const hostile: unknown[] = [
    { id: 1, method: 'other' },
    { id: 2, method: 'evaluate', params: [] },
    { id: 3, method: 'evaluate', params: { ...question, images: 'all' } },
    { id: 4, method: 'evaluate', params: { ...question, namespace: 'x'.repeat(9000) } },
    { id: 5, method: 'evaluate', params: { ...question, images: Array.from({ length: 1001 }, () => question.images[0]) } },
    { id: 6, method: 'evaluate', params: { ...question, credentials: [{ location: {} }] } },
    null,
  ]
  const answers = await new Promise<object[]>(resolve => {
    const found: object[] = []
    const socket = createConnection(path, () => socket.write(Buffer.concat(hostile.map(encodeFrame))))
    const read = createFrameReader(value => {
      found.push(value as object)
      if (found.length === hostile.length) socket.destroy()
    })
    socket.on('data', read)
    socket.on('close', () => resolve(found))
  })
  assert.deepEqual(
    answers.map(value => 'error' in value),
    hostile.map(() => true),
  )
  await using connection = connectArtifacts(path, options)
  await connection.alive(signal)
})

test('serveArtifacts() passes searches for packages on', async () => {
  const asked: string[] = []
  const found = { hits: [{ image: `sha256:${'a'.repeat(64)}` as const, packages: ['x 1.0.0'] }], more: 2 }
  const { path, server } = await serve({
    async where(text) {
      asked.push(text)
      return found
    },
  })
  await using _server = server
  await using connection = connectArtifacts(path, options)
  assert.deepEqual(await connection.where('x@1.0.0', signal), found)
  assert.deepEqual(asked, ['x@1.0.0'])
  await assert.rejects(connection.where('x'.repeat(10_000), signal), /text is malformed/)
})
