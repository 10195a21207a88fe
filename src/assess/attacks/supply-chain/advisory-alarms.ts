// Sources that fall silent, and an advisory that concerns a pod: who is told.
import { randomBytes } from 'node:crypto'
import { imageName } from '../../../api/resources/supply/image.ts'
import { isReason } from '../../../api/status.ts'
import type { ImageFindings } from '../../../api/types/supply-v1.ts'
import { formatTime } from '../../../base/clock.ts'
import { advisorySources, events, images, pods } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { within } from '../../until.ts'

const alarmMs = 20_000
/** The goal. */
const listMs = 60_000
const vulnerable = 'supply.bulkhead.dev/Vulnerable'

/** Sources that nobody imports anything for: their dates are set by the proof. */
export async function trySilence({ attempts, client, clock }: ProofContext, { owner }: ProofNamespace, signal: AbortSignal): Promise<void> {
  const run = randomBytes(4).toString('hex')
  const cases = [
    { name: 'a source that published nothing for a year', published: -365 * 86_400_000, silent: true },
    { name: 'a source that published a moment too long ago', published: -3_600_001, silent: true },
    { name: 'a source that published just now', published: 0, silent: false },
  ]
  await inParallel([...cases.entries()], async ([at, { name, published, silent }]) => {
    const source = `bulkhead-prove-${run}-${at}`
    await client.create(
      advisorySources,
      '',
      { metadata: { name: source, ownerReferences: [{ ...owner }] }, spec: { format: 'kev', maxSilence: '1h' } },
      signal,
    )
    const status = { published: formatTime(Math.floor((clock.now() + published) / 1000) * 1000) }
    await client.patch(advisorySources, '', source, { status }, { type: 'merge', subresource: 'status' }, signal)
    const condition = await within(
      alarmMs,
      clock,
      async () => {
        const { conditions = [] } = (await client.get(advisorySources, '', source, signal)).status ?? {}
        return conditions.find(({ type, status: is }) => type === 'Silent' && is === (silent ? 'True' : 'False'))
      },
      signal,
      100,
    )
    const event =
      !silent || condition === undefined
        ? undefined
        : await within(
            alarmMs,
            clock,
            async () =>
              (await client.list(events, { namespace: 'default' }, signal)).items.find(
                ({ reason, involvedObject }) => reason === 'AdvisorySourceSilent' && involvedObject.name === source,
              ),
            signal,
            200,
          )
    await client.delete(advisorySources, '', source, {}, signal)
    attempts.record({
      name,
      sent: `published ${status.published}`,
      expected: silent ? 'the condition Silent, and an event' : 'the condition is False',
      answered: `condition ${condition?.status ?? 'not as expected'}${event === undefined ? '' : ', an event'}`,
      held: condition !== undefined && (!silent || event !== undefined),
    })
  })
}

/** The findings of an image that no registry has are written as the part would. */
export async function tryNewAdvisory(
  { attempts, client, clock }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const digest = `sha256:${randomBytes(32).toString('hex')}`
  const image = `example.invalid/prove/advised:1@${digest}`
  const spec = (container: object) => harmlessSpec({ serviceAccountName: 's10' }, container)
  await client.create(pods, namespace.name, podObject('affected', spec({ image })), signal)
  await client.create(pods, namespace.name, podObject('other', spec({})), signal)
  const due = formatTime(Math.floor(clock.now() / 1000) * 1000 - 1000)
  const time = formatTime(Math.floor(clock.now() / 1000) * 1000)
  const findings: ImageFindings = {
    ...{ worst: 'critical', critical: 1, high: 0, medium: 0, low: 0, unknown: 0, fixable: 1, time, due, dueExposed: due },
    list: [
      { advisory: 'SEED-1', package: 'a', version: '1', severity: 'critical', fixedVersion: '2', firstSeen: time, due, dueExposed: due },
    ],
  }
  await writeFindings(client, digest, findings, namespace, signal)
  const told = await within(
    listMs,
    clock,
    async () =>
      ((await client.get(pods, namespace.name, 'affected', signal)).status?.conditions ?? []).find(
        ({ type, status }) => type === vulnerable && status === 'True',
      ),
    signal,
    100,
  )
  attempts.record({
    name: 'a pod that a new advisory concerns',
    sent: 'findings of its image',
    expected: 'Overdue, with the advisory, the package and the fix, within a minute',
    answered: told === undefined ? 'it is not told' : `${told.reason}: ${told.message}`,
    held: told?.reason === 'Overdue' && /SEED-1 in a 1, fixed in 2/.test(told.message ?? ''),
  })
  const event =
    told === undefined
      ? undefined
      : await within(
          alarmMs,
          clock,
          async () =>
            (await client.list(events, { namespace: namespace.name }, signal)).items.find(({ reason }) => reason === 'VulnerableOverdue'),
          signal,
          200,
        )
  attempts.record({
    name: 'its event',
    sent: 'findings of its image',
    expected: 'VulnerableOverdue',
    answered: event?.reason ?? 'none',
    held: event !== undefined,
  })
  const other = (await client.get(pods, namespace.name, 'other', signal)).status?.conditions ?? []
  const isTold = other.some(({ type }) => type === vulnerable)
  attempts.record({
    name: 'a pod that it does not concern',
    sent: 'findings of another image',
    expected: 'it is not told',
    answered: isTold ? 'it is told' : 'it is not told',
    held: !isTold,
  })
}

/** The part may have made the entry already. */
async function writeFindings(
  client: ProofContext['client'],
  digest: string,
  findings: ImageFindings,
  { owner }: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const name = imageName(digest)
  const object = { metadata: { name, ownerReferences: [{ ...owner }] }, spec: { digest }, status: { findings } }
  try {
    await client.create(images, '', object, signal)
  } catch (err) {
    if (!isReason(err, 'AlreadyExists')) throw err
    await client.patch(images, '', name, { metadata: { ownerReferences: [{ ...owner }] }, status: { findings } }, { type: 'merge' }, signal)
  }
}
