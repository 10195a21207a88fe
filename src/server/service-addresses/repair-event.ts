// The Event for a repaired address.
import type { KubeObject } from '../../api/object.ts'
import type { RepairEvent } from './repair-plan.ts'

const controller = 'ipallocator-repair-controller'
const maxNoteLength = 1024

/** `now` in milliseconds; `sequence` distinguishes events of one millisecond. */
export function repairEvent(
  { apiVersion = '', kind = '', metadata }: KubeObject,
  { about, reason, note }: RepairEvent,
  now: number,
  sequence: number,
): KubeObject & Record<string, unknown> {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = metadata
  const suffix = (BigInt(now) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16)
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name}.${suffix}`, namespace: namespace === '' ? 'default' : namespace },
    type: 'Warning',
    reason,
    action: about === 'service' ? 'ClusterIPAllocation' : 'IPAddressAllocation',
    note: note.slice(0, maxNoteLength),
    eventTime: new Date(now).toISOString().replace('Z', '000Z'),
    regarding: { apiVersion, kind, name, uid, resourceVersion, ...(namespace === '' ? {} : { namespace }) },
    reportingController: controller,
    reportingInstance: controller,
  }
}
