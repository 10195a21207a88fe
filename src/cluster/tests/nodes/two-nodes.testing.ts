// Two nodes with a pod each, for tests of what a node can do to another.
import type { Profile } from '../../../base/config/config.ts'
import { nodeUser, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

export const n1 = nodeUser('n1')
export const inDefault = '/api/v1/namespaces/default'

/**
 * Nodes n1 and n2, with one pod each that mounts a Secret and a ConfigMap with the pod's name, and tokens for the API server and for
 * `vault`.
 */
export async function twoNodes(profile: Profile = 'secure'): Promise<SecuredApi & { uids: Record<string, string> }> {
  const api = await SecuredApi.open({ profile })
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
  const uids: Record<string, string> = {}
  for (const [node, pod] of [
    ['n1', 'mine'],
    ['n2', 'theirs'],
  ] as const) {
    await api.create('/api/v1/nodes', { metadata: { name: node } })
    await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: pod } })
    await api.create(`${inDefault}/secrets`, { metadata: { name: pod }, stringData: { key: pod } })
    await api.create(`${inDefault}/configmaps`, { metadata: { name: pod } })
    const tokens = [{ serviceAccountToken: { path: 'api' } }, { serviceAccountToken: { path: 'vault', audience: 'vault' } }]
    const volumes = [
      { name: 's', secret: { secretName: pod } },
      { name: 'c', configMap: { name: pod } },
      { name: 't', projected: { sources: tokens } },
    ]
    const created = await api.create(
      `${inDefault}/pods`,
      restrictedPod(pod, { nodeName: node, volumes, serviceAccountName: pod, automountServiceAccountToken: true }),
    )
    uids[pod] = created.metadata.uid
  }
  return Object.assign(api, { uids })
}
