// Says where the cluster's own registry is, where tools look for it (KEP-1755): a ConfigMap that everybody may read.
import type { ConfigMap } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'

export interface OwnRegistry {
  /** As in image references; the first is the one for people. */
  readonly hosts: readonly string[]
  /** PEM of the authority of its certificate; undefined if only simulated nodes use it. */
  readonly authority?: string
}

export const registryHostingName = 'local-registry-hosting'
export const registryHostingNamespace = 'kube-public'

export function registryHosting({ hosts, authority }: OwnRegistry): ConfigMap {
  const [host = ''] = hosts
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: registryHostingName, namespace: registryHostingNamespace },
    data: {
      'localRegistryHosting.v1': `host: ${writeJson(host)}\nhelp: "bulkhead registry login ${host}"\n`,
      hosts: hosts.join('\n'),
      ...(authority === undefined ? {} : { 'ca.crt': authority }),
    },
  }
}
