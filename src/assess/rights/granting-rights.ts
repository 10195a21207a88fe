// Rights that admission and registries require beside the verb itself, where a request gives rights or trust to others.
import { deniedCredentials } from '../../api/credentials/denied-credentials-names.ts'
import type { ResourceRight } from './request-rights.ts'

interface Grant {
  readonly group: string
  readonly resources: readonly string[]
  /** Only of requests whose path or body contains it. */
  readonly names?: string
  readonly needs: readonly ResourceRight[]
}

const rbac = 'rbac.authorization.k8s.io'
const certificates = 'certificates.k8s.io'
const signerRight = (verb: string): readonly ResourceRight[] => [{ verb, group: certificates, resource: 'signers' }]

const grants: readonly Grant[] = [
  {
    group: rbac,
    resources: ['roles', 'clusterroles'],
    needs: ['roles', 'clusterroles'].map(resource => ({ verb: 'escalate', group: rbac, resource })),
  },
  {
    group: rbac,
    resources: ['rolebindings', 'clusterrolebindings'],
    needs: ['roles', 'clusterroles'].map(resource => ({ verb: 'bind', group: rbac, resource })),
  },
  { group: certificates, resources: ['certificatesigningrequests/approval'], needs: signerRight('approve') },
  { group: certificates, resources: ['certificatesigningrequests/status'], needs: signerRight('sign') },
  {
    group: 'bulkhead.dev',
    resources: ['podsecurityexceptions'],
    needs: [{ verb: 'update', group: 'bulkhead.dev', resource: 'podsecurityexceptions' }],
  },
  {
    // Who writes a policy may read its parameters; of a kind that does not exist, everything of its group.
    group: 'admissionregistration.k8s.io',
    resources: ['validatingadmissionpolicies'],
    names: '"apiVersion":"prove.bulkhead.dev/v1"',
    needs: [{ verb: 'get', group: 'prove.bulkhead.dev', resource: '*' }],
  },
  {
    group: 'admissionregistration.k8s.io',
    resources: ['validatingadmissionpolicies'],
    names: '"paramKind":{"apiVersion":"v1","kind":"ConfigMap"}',
    needs: [{ verb: 'get', group: '', resource: 'configmaps' }],
  },
  {
    group: '',
    resources: ['namespaces', 'nodes'],
    names: 'placement.bulkhead.dev/trust-domain',
    needs: [{ verb: 'place', group: 'placement.bulkhead.dev', resource: 'trustdomains' }],
  },
  {
    group: '',
    resources: ['configmaps'],
    names: deniedCredentials.name,
    needs: [{ verb: 'deny', group: 'access.bulkhead.dev', resource: 'credentials' }],
  },
]

const writes: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

/** Pure. */
export function grantingRights({ verb, group, resource }: ResourceRight, path: string, body: string): readonly ResourceRight[] {
  if (!writes.has(verb)) return []
  return grants
    .filter(grant => grant.group === group && grant.resources.includes(resource))
    .filter(({ names = '' }) => path.includes(names) || body.includes(names))
    .flatMap(({ needs }) => needs)
}
