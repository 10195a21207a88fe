// Lowers classes as a tenant who may edit a namespace, as its administrator, and by ways around.
import { dataClassFieldsAnnotation, dataClassLabel } from '../../../api/data-classes/data-class.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { ProofContext } from '../../proof.ts'
import { mergePatch, type ProofRequest } from '../../request.ts'
import { create, type Step, takeSteps } from './canary-paths.ts'

const editor = 'bulkhead-prove-editor'
const owner = 'bulkhead-prove-owner'
const relabeler = 'bulkhead-prove-relabeler'
const rbac = '/apis/rbac.authorization.k8s.io/v1'

export async function tryLowering(
  { attempts }: ProofContext,
  transport: Transport,
  { plain, personal }: { readonly plain: string; readonly personal: string },
  signal: AbortSignal,
): Promise<void> {
  const maps = `/api/v1/namespaces/${plain}/configmaps`
  const labels = { [dataClassLabel]: 'personal' }
  const annotations = { [dataClassFieldsAnnotation]: 'personal=data.email' }
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'classified', labels, annotations } }
  await takeSteps(
    transport,
    [
      bind(plain, editor, 'edit'),
      bind(plain, owner, 'admin'),
      // It may change namespaces, and is the administrator of one, but may not lower classes in the cluster.
      create(`${rbac}/clusterroles`, {
        ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: relabeler } },
        rules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'patch'] }],
      }),
      create(`${rbac}/clusterrolebindings`, {
        ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: relabeler } },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: relabeler },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: relabeler }],
      }),
      bind(personal, relabeler, 'admin'),
      create(maps, map),
    ],
    signal,
  )
  const as = (user: string) => ({ 'impersonate-user': user, 'impersonate-group': 'system:authenticated' })
  const relabel = (path: string, user: string, metadata: object): ProofRequest => ({
    ...{ method: 'PATCH', path, body: { metadata }, contentType: mergePatch, headers: as(user) },
  })
  const one = `${maps}/classified`
  const refused = (name: string, question: ProofRequest) =>
    attempts.refused(name, transport, question, { names: 'lowering the data class' }, signal)
  await refused('a lower class by a tenant with "edit"', relabel(one, editor, { labels: { [dataClassLabel]: 'internal' } }))
  await refused('no class by a tenant with "edit"', relabel(one, editor, { labels: { [dataClassLabel]: null } }))
  await attempts.accepted(
    'a class is lowered by the administrator of the namespace',
    transport,
    relabel(one, owner, { labels: { [dataClassLabel]: 'internal' } }),
    signal,
  )
  // Now that the label no longer covers the field.
  await refused(
    'a field without its class by a tenant with "edit"',
    relabel(one, editor, { labels: { x: 'y' }, annotations: { [dataClassFieldsAnnotation]: '' } }),
  )
  await refused(
    'the class of a namespace by its administrator, who may change namespaces',
    relabel(`/api/v1/namespaces/${personal}`, relabeler, { labels: { [dataClassLabel]: 'public' } }),
  )
  await attempts.accepted(
    'a class is raised by a tenant with "edit"',
    transport,
    relabel(one, editor, { labels: { [dataClassLabel]: 'personal' } }),
    signal,
  )
  await attempts.refused(
    'a label that is no class',
    transport,
    { method: 'POST', path: maps, body: { ...map, metadata: { name: 'none', labels: { [dataClassLabel]: 'secret' } } } },
    { status: 422, names: 'must be one of public, internal, confidential, personal' },
    signal,
  )
}

const bind = (namespace: string, user: string, role: string): Step =>
  create(`${rbac}/namespaces/${namespace}/rolebindings`, {
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: user } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  })
