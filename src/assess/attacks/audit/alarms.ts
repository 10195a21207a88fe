// Uses the group system:masters of a scratch cluster, by its certificate and by impersonation: each use must leave an alarm.
import { join } from 'node:path'
import { writeJson } from '../../../base/write-json.ts'
import { Client } from '../../../client/client.ts'
import { configMaps, events } from '../../../client/resources.ts'
import { createHttpTransport } from '../../../client/transport/http-transport.ts'
import { readKubeconfig } from '../../../client/transport/kubeconfig.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { ProofContext } from '../../proof.ts'
import { request } from '../../request.ts'
import type { ScratchCluster } from '../../scratch-cluster.ts'
import { within } from '../../until.ts'

const alarmMs = 5000
/** As docs/authentication.md names them. */
const annotation = 'bulkhead.dev/break-glass'
const record = { namespace: 'kube-system', name: 'bulkhead-break-glass' }
const reason = 'BreakGlassUsed'
const path = '/api/v1/secrets'
const acting = { 'impersonate-user': 'bulkhead-prove-acting', 'impersonate-group': 'system:masters' }

type Events = (isWanted: (id: string) => boolean) => Promise<readonly Readonly<Record<string, unknown>>[]>

export async function attackAlarms(
  { attempts, clock }: ProofContext,
  scratch: ScratchCluster,
  transport: Transport,
  readEvents: Events,
  signal: AbortSignal,
): Promise<void> {
  const { namespace: _, ...credentials } = await readKubeconfig(join(scratch.directory, 'break-glass.kubeconfig'))
  await using master = createHttpTransport({ ...credentials, userAgent: 'bulkhead-prove' })
  const client = new Client(transport)
  const uses = [
    { name: 'an administrator', by: transport, headers: {}, alarm: '' },
    { name: 'the break-glass certificate', by: master, headers: {}, alarm: 'bulkhead-break-glass' },
    { name: 'an administrator who acts as a member of system:masters', by: transport, headers: acting, alarm: acting['impersonate-user'] },
  ]
  for (const { name, by, headers, alarm } of uses) {
    const answer = await request(by, { method: 'GET', path, headers }, signal)
    const id = answer.headers['audit-id'] ?? ''
    const isRecorded = async () => (await readEvents(own => own === id))[0]
    const event = await within(alarmMs, clock, isRecorded, signal)
    const shown = writeJson(event?.['annotations'] ?? {})
    attempts.record({
      ...{ name: `record of a request by ${name}`, sent: `GET ${path}` },
      expected: alarm === '' ? `no annotation ${annotation}` : `the annotation ${annotation}`,
      answered: event === undefined ? 'no record' : shown,
      held: event !== undefined && shown.includes(`"${annotation}":`) === (alarm !== ''),
    })
    if (alarm === '') continue
    const isNoted = async () => {
      const [noted] = (await client.listAll(configMaps, { namespace: record.namespace }, signal)).filter(
        ({ metadata }) => metadata.name === record.name,
      )
      const told = (await client.listAll(events, { namespace: 'default' }, signal)).some(
        event => event.reason === reason && (event.message ?? '').includes(`"${alarm}"`),
      )
      return told && writeJson(noted?.data ?? {}).includes(`"${alarm}"`) ? true : undefined
    }
    const noted = await within(alarmMs, clock, isNoted, signal)
    attempts.record({
      ...{ name: `alarm of a request by ${name}`, sent: `GET ${path}` },
      expected: `an Event ${reason}, and the record that \`bulkhead status\` shows`,
      ...{ answered: noted ? 'both' : 'one is missing', held: noted === true },
    })
  }
}
