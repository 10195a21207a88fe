// Every controller that runs. Forgetting one here fails index.test.ts.
import { clusterRoleAggregation } from './cluster-role-aggregation.ts'
import type { Controller } from './controller.ts'
import { cronJob } from './cronjob.ts'
import { csrApproving } from './csr-approving.ts'
import { csrCleaner } from './csr-cleaner.ts'
import { csrSigning } from './csr-signing.ts'
import { daemonSet } from './daemonset.ts'
import { deployment } from './deployment.ts'
import { disruption } from './disruption.ts'
import { endpointSlice } from './endpoint-slice.ts'
import { endpointSliceMirroring } from './endpoint-slice-mirroring.ts'
import { endpoints } from './endpoints.ts'
import { ephemeralVolume } from './ephemeral-volume.ts'
import { garbageCollector } from './garbage-collector.ts'
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { job } from './job.ts'
import { namespace } from './namespace.ts'
import { namespaceDefaults } from './namespace-defaults.ts'
import { nodeIpam } from './node-ipam.ts'
import { nodeLifecycle } from './node-lifecycle.ts'
import { nodeTtl } from './node-ttl.ts'
import { persistentVolume } from './persistent-volume.ts'
import { persistentVolumeClaim } from './persistent-volume-claim.ts'
import { podGarbage } from './pod-garbage.ts'
import { pvProtection } from './pv-protection.ts'
import { pvcProtection } from './pvc-protection.ts'
import { replicaSet } from './replicaset.ts'
import { replicationController } from './replicationcontroller.ts'
import { rootCa } from './root-ca.ts'
import { serviceAccount } from './service-account.ts'
import { serviceCidr } from './service-cidr.ts'
import { staleDisruption } from './stale-disruption.ts'
import { statefulSet } from './statefulset.ts'
import { taintEviction } from './taint-eviction.ts'
import { ttlAfterFinished } from './ttl-after-finished.ts'
import { validatingAdmissionPolicyStatus } from './validating-admission-policy-status.ts'

export const controllers: readonly Controller[] = [
  namespace,
  serviceAccount,
  rootCa,
  namespaceDefaults,
  deployment,
  replicaSet,
  replicationController,
  endpointSlice,
  endpoints,
  endpointSliceMirroring,
  serviceCidr,
  csrApproving,
  csrSigning,
  csrCleaner,
  clusterRoleAggregation,
  nodeIpam,
  nodeLifecycle,
  nodeTtl,
  taintEviction,
  podGarbage,
  daemonSet,
  statefulSet,
  job,
  cronJob,
  ttlAfterFinished,
  horizontalPodAutoscaler,
  disruption,
  staleDisruption,
  ephemeralVolume,
  persistentVolumeClaim,
  persistentVolume,
  pvcProtection,
  pvProtection,
  validatingAdmissionPolicyStatus,
  garbageCollector,
]

/** `allocateNodeCidrs` as the flag of kube-controller-manager: false where no node of this cluster would use a range of pod addresses. */
export const controllersOf = ({ allocateNodeCidrs }: { readonly allocateNodeCidrs: boolean }): readonly Controller[] =>
  allocateNodeCidrs ? controllers : controllers.filter(controller => controller !== nodeIpam)
