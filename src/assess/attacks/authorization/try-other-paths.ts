// As one who may do everything in one namespace: other spellings of paths, and paths through the namespace, must not lead beyond it.
import { inParallel } from '../../in-parallel.ts'
import { request } from '../../request.ts'
import { type Arena, grantRole, userSubject } from './arena.ts'

const rbac = 'rbac.authorization.k8s.io'

export async function tryOtherPaths(arena: Arena, signal: AbortSignal): Promise<void> {
  const { context, first, second, cluster } = arena
  const { attempts, transport } = context
  const user = `${cluster.prefix}:lord`
  await grantRole(arena, first, 'lord', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], userSubject(user), signal)
  const headers = { 'impersonate-user': user }
  const [own, other] = [`/api/v1/namespaces/${first.name}`, `/api/v1/namespaces/${second.name}`]
  const paths = [
    // Objects of the cluster by way of the namespace.
    `${own}/nodes`,
    `${own}/persistentvolumes`,
    `${own}/namespaces`,
    `${own}/namespaces/${second.name}`,
    `/apis/${rbac}/v1/namespaces/${first.name}/clusterroles`,
    `/apis/${rbac}/v1/namespaces/${first.name}/clusterroles/cluster-admin`,
    // The other namespace by way of this one.
    `${own}/../${second.name}/configmaps`,
    `${own}/%2e%2e/${second.name}/configmaps`,
    `${own}%2f..%2f${second.name}/configmaps`,
    `${own}/configmaps/../../${second.name}/configmaps/kube-root-ca.crt`,
    `${own}/configmaps/..%2f..%2f${second.name}%2fconfigmaps%2fkube-root-ca.crt`,
    // Spellings of the other namespace, and of the API.
    `${other}/configmaps/`,
    `${other}//configmaps`,
    `/${other}/configmaps`,
    other.replace('/api/', '/API/').concat('/configmaps'),
    other.replace('bulkhead', 'Bulkhead').concat('/configmaps'),
    other.replace('namespaces', 'Namespaces').concat('/configmaps'),
    other.replace('namespaces', 'n%61mespaces').concat('/configmaps'),
    `/api/v1/watch/namespaces/${second.name}/configmaps?timeoutSeconds=1`,
    '/api/v1/watch/configmaps?timeoutSeconds=1',
    '/api/v1/configmaps?fieldSelector=metadata.namespace%3D'.concat(first.name),
    `/api/v1/configmaps?namespace=${first.name}`,
  ]
  await inParallel(paths, async path => {
    const { status } = await request(transport, { method: 'GET', path, headers }, signal)
    const [expected, answered] = ['no success', `answered ${status}`]
    attempts.record({ name: `beyond a namespace by ${path}`, sent: `GET ${path}`, expected, answered, held: status >= 400 })
  })
  await attempts.accepted(
    'within a namespace with all its rights',
    transport,
    { method: 'GET', path: `${own}/configmaps`, headers },
    signal,
  )
}
