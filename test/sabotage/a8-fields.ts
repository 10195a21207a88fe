// Sabotage of single fields of what nodes write, of their events, and of what they say of themselves when they join.
import type { Sabotage } from './sabotage.ts'

const restriction = 'src/admission/plugins/node-restriction.ts'
const eventsFile = 'src/admission/node/own-events.ts'
const labels = 'src/admission/node/own-labels.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({
  name,
  file,
  from,
  to,
  proof: 'A8',
})

export const a8: readonly Sabotage[] = [
  sabotage(
    'a node gives its pod a status of any size',
    restriction,
    "sizeRefusal(pod.status, maxPodStatusLength(pod), node, 'a pod status') ??",
    '',
  ),
  sabotage(
    'a node writes events of any size',
    restriction,
    "return sizeRefusal(request.object, maxEventLength, node, 'an event') ?? ownEventRefusal",
    'return ownEventRefusal',
  ),
  sabotage(
    'an event may be about a pod of another uid',
    eventsFile,
    '(!about?.uid || about.uid === pod.metadata.uid)',
    "about?.uid !== ''",
  ),
  sabotage('an event may be about any Node', eventsFile, "about?.kind === 'Node' && about.name === node", "about?.kind === 'Node'"),
  sabotage('an event may be of nobody', eventsFile, 'if (!host && !reportingInstance)', "if (host === '-' && !reportingInstance)"),
  sabotage('an event may be of any instance', eventsFile, '!reportingInstance.endsWith(`-${node}`)', "reportingInstance === '-'"),
  sabotage(
    'a node joins as a machine with Windows',
    labels,
    'if (systemLabels.has(key) &&',
    'if (old !== undefined && systemLabels.has(key) &&',
  ),
  sabotage(
    'a node joins with the host name of another',
    labels,
    'if (key === hostnameLabel &&',
    'if (old !== undefined && key === hostnameLabel &&',
  ),
  sabotage(
    'a node joins with a range of pods',
    'src/admission/node/own-addresses.ts',
    'if (rangesOf(now).join() !== rangesOf(old).join())',
    'if (old !== undefined && rangesOf(now).join() !== rangesOf(old).join())',
  ),
  sabotage(
    'a node keeps a claim with a finalizer',
    restriction,
    'const { resourceVersion: _version, managedFields: _fields, ...identity } = metadata',
    'const { resourceVersion: _version, managedFields: _fields, finalizers: _finalizers, ...identity } = metadata',
  ),
  sabotage(
    'a node gives a claim an owner',
    restriction,
    'const { resourceVersion: _version, managedFields: _fields, ...identity } = metadata',
    'const { resourceVersion: _version, managedFields: _fields, ownerReferences: _owners, ...identity } = metadata',
  ),
  sabotage(
    'a node annotates a claim',
    restriction,
    'const { resourceVersion: _version, managedFields: _fields, ...identity } = metadata',
    'const { resourceVersion: _version, managedFields: _fields, annotations: _annotations, ...identity } = metadata',
  ),
  sabotage(
    'a node weakens its taints',
    restriction,
    'if (!semanticallyEqual(old?.spec?.taints, now.spec?.taints)) return',
    'if (old?.spec?.taints?.length !== now.spec?.taints?.length) return',
  ),
  sabotage(
    'a node uncordons itself',
    restriction,
    '(now.spec?.unschedulable ?? false) !== (old?.spec?.unschedulable ?? false)',
    '(now.spec?.unschedulable ?? false) && !(old?.spec?.unschedulable ?? false)',
  ),
]
