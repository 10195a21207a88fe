// Versions of documents of VEX that signers attested: who keeps an old one must not take back what a newer one says, nor must a deletion or a restart.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ExplanationRequest, ImageExplanations } from '../../../artifacts/findings/image-explanations.ts'
import { VersionMemory, versionFilesLimits } from '../../../artifacts/findings/version-memory.ts'
import { KeptFiles } from '../../../artifacts/kept-files.ts'
import type { Clock } from '../../../base/clock.ts'
import { parseJson } from '../../../base/json.ts'
import { silentLogger } from '../../../base/log.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { AttemptLog } from '../../attempt-log.ts'
import { until } from '../../until.ts'

const digest = `sha256:${'5d'.repeat(32)}` as const
/** Each is asked for after the one before. */
const marker = `sha256:${'5e'.repeat(32)}` as const
const document = (version: number) => writeJson({ '@id': 'https://bulkhead-prove.invalid/vex', version, statements: [] })

export async function tryVexVersions(attempts: AttemptLog, clock: Clock, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-prove-vex-'))
  try {
    const memory = () => new VersionMemory({ files: new KeptFiles(folder, versionFilesLimits), log: silentLogger })
    const first = memory()
    const part = partWith(first, clock, signal)
    const counts = (name: string, answered: readonly number[], expected: readonly number[]) =>
      attempts.record({
        ...{ name, sent: 'documents of VEX', expected: `versions that count: ${expected.join() || 'none'}` },
        ...{ answered: answered.join() || 'none', held: answered.join() === expected.join() },
      })
    counts('a document', await part.attest('owner', [1]), [1])
    counts('a newer version of it', await part.attest('owner', [2]), [2])
    counts('the older version under another name', await part.attest('attacker', [1]), [2])
    counts('the older version put back in the place of the newer one', await part.attest('owner', [1]), [])
    counts('both versions at a time', await part.attest('owner', [1, 2]), [2])
    await first.written()
    const second = memory()
    const restarted = partWith(second, clock, signal)
    await restarted.restore()
    counts('the older version under another name after a restart', await restarted.attest('attacker', [1]), [])
    counts('the newest version after a restart', await restarted.attest('owner', [2]), [2])
    counts('a version that was deleted', await restarted.attest('owner', []), [])
    counts('a version that is newer than what was deleted', await restarted.attest('owner', [3]), [3])
    await second.written()
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The part of the product that collects what signers say, with answers of a registry that are given. */
function partWith(versions: VersionMemory, clock: Clock, signal: AbortSignal) {
  const counting = new Map<string, readonly string[]>()
  const explanations = new ImageExplanations({
    findings: {
      async explain(image, documents) {
        counting.set(image, documents)
        return undefined
      },
    },
    ...{ credentials: { of: () => [] }, clock, log: silentLogger, versions, note: () => undefined, onReport: () => undefined },
  })
  let asked = 0
  const want = (namespace: string, image: ExplanationRequest['digest'], statements: readonly string[]) => {
    const rules = String(asked++)
    const reference = `bulkhead-prove.invalid/${namespace}/app:1@${image}`
    const documents = async () => ({ statements, provenance: [], isRead: true })
    explanations.want({ namespace, image: reference, digest: image, credentials: [], rules, documents }, signal)
  }
  return {
    restore: () => explanations.restore(),
    /** Returns the versions that count afterwards. */
    async attest(namespace: string, numbers: readonly number[]): Promise<readonly number[]> {
      want(namespace, digest, numbers.map(document))
      counting.delete(marker)
      // Of a document that has no other version.
      want('marker', marker, [writeJson({ '@id': randomUUID(), version: 1 })])
      await until(clock, () => counting.has(marker) || undefined, signal)
      return (counting.get(digest) ?? []).map(text => Number((parseJson(text) as { version: number }).version))
    },
  }
}
