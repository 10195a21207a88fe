// Sabotage of exceptions from Pod Security: other namespaces and parts of a workload.
import type { Sabotage } from './sabotage.ts'

const kind = 'src/api/resources/bulkhead/pod-security-exception.ts'
const digest = 'src/admission/pod-security/template-digest.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'D8' })

export const d8: readonly Sabotage[] = [
  sabotage(
    'an exception covers other namespaces',
    'src/admission/plugins/pod-security.ts',
    "reader.list('podsecurityexceptions.bulkhead.dev', request.namespace)",
    "reader.list('podsecurityexceptions.bulkhead.dev')",
  ),
  sabotage(
    'an exception needs no end',
    kind,
    "    ...(expires === null || expires === undefined ? [required('spec.expires', 'an exception must end')] : []),\n",
    '',
  ),
  sabotage('an exception may name any check', kind, 'known.includes(check) ? []', 'check.length > 0 ? []'),
  sabotage('a part of a digest is one', kind, '/^sha256:[0-9a-f]{64}$/', '/^sha256:[0-9a-f]{2,64}$/'),
  sabotage(
    'variables do not count for the digest',
    digest,
    'env: (container.env ?? []).filter(variable => !isCompletionIndex(variable)),',
    'env: [],',
  ),
  sabotage(
    'labels do not count for the digest',
    digest,
    'canonical([labels, annotations, withoutEmpty(counted)])',
    'canonical([annotations, withoutEmpty(counted)])',
  ),
  sabotage(
    'devices do not count for the digest',
    digest,
    'limits: without(limits ?? {}, uncountedResources),\n      requests: without(requests ?? {}, uncountedResources),',
    'limits: {},\n      requests: {},',
  ),
]
