// Paths, content types and shapes that the attacks share.
import { attackedNamespace } from '../../src/access/rights/tenant-attack.testing.ts'

export const attacker = 'mallory'
export const customGroup = 'bench.example.com'
export const core = `/api/v1/namespaces/${attackedNamespace}`
export const grouped = (group: string, plural: string) => `/apis/${group}/v1/namespaces/${attackedNamespace}/${plural}`
export const rbacGroup = 'rbac.authorization.k8s.io'
export const some = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))
export const text = JSON.stringify
export const merge = 'application/merge-patch+json'
export const strategic = 'application/strategic-merge-patch+json'
export const apply = 'application/apply-patch+yaml'
export const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'

const security = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
export const podSpec = (more: object = {}) => ({
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'c', image: 'i', securityContext: security, ...more }],
})
