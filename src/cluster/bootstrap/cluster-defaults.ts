// The defaults of new namespaces unless an administrator changes them: limits above the needs of usual teams that stop a flood. A namespace
// may hold a tenth of the 150,000 pods for which Kubernetes is designed.
import { groupVersion, type KubeObject } from '../../api/object.ts'
import { clusterDefaults, clusterDefaultsName } from '../../api/resources/bulkhead/cluster-defaults.ts'
import type { ClusterDefaults } from '../../api/types/bulkhead-v1alpha1.ts'

const { group, version, kind } = clusterDefaults

export const initialClusterDefaults: KubeObject & ClusterDefaults = {
  apiVersion: groupVersion(group, version),
  kind,
  metadata: { name: clusterDefaultsName },
  spec: {
    namespaces: {
      labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
      resourceQuota: {
        hard: {
          pods: '15000',
          'requests.cpu': '200',
          'requests.memory': '400Gi',
          'limits.memory': '2Ti',
          'requests.storage': '10Ti',
          persistentvolumeclaims: '500',
          'count/volumesnapshots.snapshot.storage.k8s.io': '500',
          services: '1000',
          'services.nodeports': '100',
          'services.loadbalancers': '20',
          configmaps: '10000',
          secrets: '10000',
          'count/serviceaccounts': '1000',
          'count/deployments.apps': '1000',
          'count/replicasets.apps': '10000',
          'count/statefulsets.apps': '1000',
          'count/jobs.batch': '5000',
          'count/cronjobs.batch': '1000',
          'count/roles.rbac.authorization.k8s.io': '1000',
          'count/rolebindings.rbac.authorization.k8s.io': '1000',
          'bulkhead.dev/stored-bytes': '128Mi',
        },
      },
      limitRange: {
        limits: [
          {
            type: 'Container',
            default: { cpu: '4', memory: '1Gi', 'ephemeral-storage': '10Gi' },
            defaultRequest: { cpu: '10m', memory: '32Mi', 'ephemeral-storage': '16Mi' },
          },
        ],
      },
      network: { defaultDeny: true, allowDNS: true, allowAPIServer: true },
    },
  },
}
