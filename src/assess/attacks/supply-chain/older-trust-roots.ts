// Ways to bring back whom a trust root trusted before: an older object, a revoked key, and what is left when the object was deleted meanwhile.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { TrustRoot } from '../../../api/types/supply-v1.ts'
import { trustRoots } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { within } from '../../until.ts'

/** What a repository may not be read by. */
const plain = 'http:'
const path = '/apis/supply.bulkhead.dev/v1/trustroots'
const importedVersions = 'supply.bulkhead.dev/tuf-versions'
const acceptRollback = 'supply.bulkhead.dev/accept-rollback'
/** The part "artifacts" compares within milliseconds. */
const noticeMs = 20_000

const pem = (): string => generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()

/** Records each attempt, and deletes the trust root. */
export async function tryOlderTrustRoots(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  const name = `bulkhead-prove-s6-${randomBytes(4).toString('hex')}`
  const keys = [
    { name: 'one', publicKey: pem() },
    { name: 'two', publicKey: pem() },
  ]
  const identity = { subject: 'revoked@example.invalid' }
  const revoked = [{ key: 'one', reason: 'lost' }, { identity }, { before: '2026-01-02T00:00:00Z' }]
  const tuf = (version: number) => ({ root: { signed: { version } } })
  const metadata: TrustRoot['metadata'] = {
    name,
    ownerReferences: [namespace.owner],
    annotations: { [importedVersions]: 'timestamp=5,snapshot=5,targets=5' },
  }
  const spec: TrustRoot['spec'] = { version: 2, keys, revoked, sigstore: { trustedRoot: {} }, tuf: tuf(3) }
  const made = await client.create(trustRoots, '', { metadata, spec }, signal)
  try {
    const change = (of: TrustRoot['spec'], annotations: Readonly<Record<string, string>> = {}) =>
      ({
        method: 'PUT',
        path: `${path}/${name}?dryRun=All`,
        body: {
          ...{ apiVersion: 'supply.bulkhead.dev/v1', kind: 'TrustRoot', spec: of, status: { revoked: [] } },
          metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
        },
      }) as const
    const without = (index: number) => revoked.filter((_, at) => at !== index)
    await attempts.accepted('a later version of a trust root', transport, change({ ...spec, version: 3, tuf: tuf(4) }), signal)
    const [one, two] = keys
    const olderThanBefore: readonly (readonly [name: string, TrustRoot['spec'], refusal: string, annotations?: Record<string, string>])[] =
      [
        ['an earlier version', { ...spec, version: 1 }, 'spec.version is 1, and was 2'],
        ['no version', { ...spec, version: undefined } as TrustRoot['spec'], 'spec.version is not set'],
        ['a key that is revoked no more', { ...spec, revoked: without(0) }, 'key "one" was revoked'],
        [
          'a revoked key under another name',
          { ...spec, keys: [{ name: 'new', publicKey: one?.publicKey ?? '' }, ...(two === undefined ? [] : [two])], revoked: without(0) },
          'key "new" was revoked',
        ],
        [
          'a key that is revoked for the past only',
          { ...spec, revoked: [{ key: 'one', before: '2020-01-01T00:00:00Z' }, ...without(0)] },
          'key "one" was revoked',
        ],
        ['an identity that is revoked no more', { ...spec, revoked: without(1) }, 'identity "revoked@example.invalid"'],
        ['signatures of before that count again', { ...spec, revoked: without(2) }, 'all signatures before'],
        ['an older root of TUF', { ...spec, tuf: tuf(2) }, 'spec.tuf.root has version 2, and had 3'],
        [
          'older imported metadata',
          spec,
          'timestamp.json has version 4, and had 5',
          { [importedVersions]: 'timestamp=4,snapshot=5,targets=5' },
        ],
        [
          'an earlier version with an acceptance that names nothing',
          { ...spec, version: 1 },
          'spec.version is 1',
          { [acceptRollback]: 'true' },
        ],
        ['a TUF repository without encryption', { ...spec, tuf: { ...tuf(3), url: `${plain}//example.invalid/` } }, 'spec.tuf.url'],
      ]
    await inParallel(olderThanBefore, ([title, of, names, annotations]) =>
      attempts.refused(title, transport, change(of, annotations), { status: 422, names }, signal),
    )
    const gone = { ...spec, keys: keys.slice(1), revoked: without(0) }
    await client.patch(trustRoots, '', name, { spec: { keys: gone.keys, revoked: gone.revoked } }, { type: 'merge' }, signal)
    await attempts.refused(
      'a revoked key that was taken out',
      transport,
      change({ ...spec, revoked: without(0) }),
      { status: 422, names: 'key "one" was revoked' },
      signal,
    )
    await client.delete(trustRoots, '', name, {}, signal)
    await tryCreatedAgain(context, { metadata, spec: { ...spec, version: 1, revoked: without(0) } }, signal)
  } finally {
    await client.delete(trustRoots, '', made.metadata.name ?? name, {}, signal).catch(() => undefined)
  }
}

/** The server has forgotten it; the part "artifacts" has not. */
async function tryCreatedAgain({ attempts, client, clock }: ProofContext, older: TrustRoot, signal: AbortSignal): Promise<void> {
  const { name = '' } = older.metadata
  await client.create(trustRoots, '', older, signal)
  const refusal = async (): Promise<string | undefined> => {
    const { status } = await client.get(trustRoots, '', name, signal)
    const condition = status?.conditions?.find(({ type }) => type === 'Accepted')
    return condition?.status === 'False' ? `${condition.reason}: ${condition.message}` : undefined
  }
  const found = await within(noticeMs, clock, refusal, signal)
  attempts.record({
    name: 'an older trust root that was deleted and created again',
    sent: `POST ${path}`,
    expected: 'it is not used, and says that key "one" was revoked',
    answered: found ?? 'it has no condition that says so',
    held: found?.includes('key "one" was revoked') === true,
  })
}
