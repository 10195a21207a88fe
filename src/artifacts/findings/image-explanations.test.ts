import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import type { AttestedDocuments } from '../image-evaluator.ts'
import { KeptFiles } from '../kept-files.ts'
import { type ExplanationRequest, ImageExplanations, readMs, unreadMs } from './image-explanations.ts'
import { VersionMemory, versionFilesLimits } from './version-memory.ts'

const { signal } = new AbortController()
const digest = `sha256:${'a'.repeat(64)}` as const
const credentials = [{ location: 'registry.example.com', username: 'u', password: 'p' }]
const vex = (version: number) => JSON.stringify({ '@id': 'vex', version })

function begin(versions?: VersionMemory) {
  let elapsed = 0
  const explained: (readonly string[])[] = []
  const asked: number[] = []
  const explanations = new ImageExplanations({
    findings: {
      async explain(_, documents) {
        explained.push(documents)
        return undefined
      },
    },
    credentials: { of: () => [] },
    clock: { ...systemClock, monotonic: () => elapsed },
    log: silentLogger,
    note: () => undefined,
    onReport: () => undefined,
    ...(versions === undefined ? {} : { versions }),
  })
  const want = (statements: readonly string[], more: Partial<ExplanationRequest> & { readonly isRead?: boolean } = {}) => {
    const { isRead = true, ...request } = more
    const documents = async (given: ExplanationRequest['credentials']): Promise<AttestedDocuments> => {
      asked.push(given.length)
      return { statements, provenance: [], isRead }
    }
    const image = `registry.example.com/${request.namespace ?? 'shop'}/web:1@${digest}`
    explanations.want({ namespace: 'shop', image, digest, credentials: [], rules: '1', documents, ...request }, signal)
  }
  const settled = () => new Promise(resolve => setImmediate(resolve))
  const wait = (ms: number) => {
    elapsed += ms
  }
  return { want, explained, asked, settled, wait, restore: () => explanations.restore() }
}

test('ImageExplanations asks once for all pods of an image, and again when the rules change or documents may have come', async () => {
  const { want, asked, settled, wait } = begin()
  for (let pod = 0; pod < 100; pod++) want([vex(1)])
  await settled()
  want([vex(1)], { credentials })
  await settled()
  assert.equal(asked.length, 1)
  want([vex(1)], { rules: '2' })
  await until(() => asked.length === 2, 'it is asked by other rules')
  wait(readMs + 1)
  want([vex(1)], { rules: '2' })
  await until(() => asked.length === 3, 'it is asked again')
})

test('ImageExplanations asks again for what could not be read, after a while or with another credential', async () => {
  const { want, asked, settled, wait } = begin()
  for (let pod = 0; pod < 100; pod++) want([], { isRead: false })
  await settled()
  assert.deepEqual(asked, [0])
  want([], { isRead: false, credentials })
  await settled()
  wait(unreadMs + 1)
  want([])
  await settled()
  assert.deepEqual(asked, [0, 1, 0])
})

test('ImageExplanations does not take an older version back that another namespace keeps', async () => {
  const { want, explained, settled } = begin()
  want([vex(1)], { namespace: 'attacker' })
  await settled()
  want([vex(2)])
  await settled()
  assert.deepEqual(explained, [[vex(1)], [vex(2)]])
  want([vex(1)], { namespace: 'attacker', rules: '2' })
  await settled()
  assert.equal(explained.length, 2)
})

test('ImageExplanations knows after a restart which version of a document was the newest', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-versions-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const memory = () => new VersionMemory({ files: new KeptFiles(folder, versionFilesLimits), log: silentLogger })
  const first = memory()
  const before = begin(first)
  before.want([vex(2)])
  await before.settled()
  await first.written()
  const after = begin(memory())
  await after.restore()
  after.want([vex(1)], { namespace: 'attacker' })
  await after.settled()
  assert.deepEqual(after.explained, [])
  after.want([vex(2)])
  await after.settled()
  assert.deepEqual(after.explained, [[vex(2)]])
})

test('ImageExplanations takes a document back that was deleted', async () => {
  const { want, explained, settled } = begin()
  want([vex(1)])
  await settled()
  want([], { rules: '2' })
  await settled()
  assert.deepEqual(explained, [[vex(1)], []])
})
