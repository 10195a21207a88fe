// Every controller that runs. Forgetting one here fails index.test.ts.

import { advisorySilence } from './advisory-silence.ts'
import { horizontalPodAutoscaler } from './autoscaler/horizontal-pod-autoscaler.ts'
import { bootstrapSigner } from './bootstrap-tokens/bootstrap-signer.ts'
import { tokenCleaner } from './bootstrap-tokens/token-cleaner.ts'
import { csrApproving } from './certificates/csr-approving.ts'
import { csrCleaner } from './certificates/csr-cleaner.ts'
import { csrSigning } from './certificates/csr-signing.ts'
import { rootCa } from './certificates/root-ca.ts'
import { clusterRoleAggregation } from './cluster-role-aggregation.ts'
import type { Controller, ControllerChoice } from './controller.ts'
import { attachDetach } from './csi/attach-detach.ts'
import { csiAttacher } from './csi/csi-attacher.ts'
import { csiCapacity } from './csi/csi-capacity.ts'
import { csiModifier } from './csi/csi-modifier.ts'
import { csiProvisioner } from './csi/csi-provisioner.ts'
import { csiReclaimer } from './csi/csi-reclaimer.ts'
import { csiResizer } from './csi/csi-resizer.ts'
import { csiSnapshotter } from './csi/csi-snapshotter.ts'
import { daemonSet } from './daemonsets/daemonset.ts'
import { disruption } from './disruption/disruption.ts'
import { staleDisruption } from './disruption/stale-disruption.ts'
import { endpointSlice } from './endpoints/endpoint-slice.ts'
import { endpointSliceMirroring } from './endpoints/endpoint-slice-mirroring.ts'
import { endpoints } from './endpoints/endpoints.ts'
import { garbageCollector } from './garbage/garbage-collector.ts'
import { imageFindings } from './image-findings.ts'
import { imageVerdicts } from './image-verdicts.ts'
import { cronJob } from './jobs/cronjob.ts'
import { job } from './jobs/job.ts'
import { ttlAfterFinished } from './jobs/ttl-after-finished.ts'
import { loadBalancerNotice } from './load-balancer-notice.ts'
import { localVolumeCapacity } from './local-volumes/local-volume-capacity.ts'
import { localVolumeProvisioner } from './local-volumes/local-volume-provisioner.ts'
import { localVolumeReclaimer } from './local-volumes/local-volume-reclaimer.ts'
import { localVolumeRemover } from './local-volumes/local-volume-remover.ts'
import { localVolumeResizer } from './local-volumes/local-volume-resizer.ts'
import { localVolumeSnapshotter } from './local-volumes/local-volume-snapshotter.ts'
import { apiServerAccess } from './namespaces/api-server-access.ts'
import { namespace } from './namespaces/namespace.ts'
import { namespaceDefaults } from './namespaces/namespace-defaults.ts'
import { deletedNode } from './nodes/deleted-node.ts'
import { nodeIpam } from './nodes/node-ipam.ts'
import { nodeLifecycle } from './nodes/node-lifecycle.ts'
import { nodeTtl } from './nodes/node-ttl.ts'
import { podGarbage } from './nodes/pod-garbage.ts'
import { taintEviction } from './nodes/taint-eviction.ts'
import { deployment } from './replicas/deployment.ts'
import { replicaSet } from './replicas/replicaset.ts'
import { replicationController } from './replicas/replicationcontroller.ts'
import { serviceAccount } from './service-account.ts'
import { serviceCidr } from './service-cidr.ts'
import { snapshot } from './snapshots/snapshot.ts'
import { statefulSet } from './statefulsets/statefulset.ts'
import { tokenRights } from './token-rights.ts'
import { validatingAdmissionPolicyStatus } from './validating-admission-policy-status.ts'
import { ephemeralVolume } from './volumes/ephemeral-volume.ts'
import { persistentVolume } from './volumes/persistent-volume.ts'
import { persistentVolumeClaim } from './volumes/persistent-volume-claim.ts'
import { pvProtection } from './volumes/pv-protection.ts'
import { pvcProtection } from './volumes/pvc-protection.ts'

export const controllers: readonly Controller[] = [
  namespace,
  serviceAccount,
  rootCa,
  namespaceDefaults,
  tokenRights,
  imageVerdicts,
  imageFindings,
  advisorySilence,
  apiServerAccess,
  deployment,
  replicaSet,
  replicationController,
  endpointSlice,
  endpoints,
  endpointSliceMirroring,
  serviceCidr,
  loadBalancerNotice,
  csrApproving,
  csrSigning,
  csrCleaner,
  tokenCleaner,
  bootstrapSigner,
  clusterRoleAggregation,
  nodeIpam,
  nodeLifecycle,
  nodeTtl,
  deletedNode,
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
  localVolumeProvisioner,
  localVolumeReclaimer,
  localVolumeRemover,
  localVolumeResizer,
  localVolumeCapacity,
  localVolumeSnapshotter,
  snapshot,
  attachDetach,
  csiProvisioner,
  csiReclaimer,
  csiAttacher,
  csiSnapshotter,
  csiResizer,
  csiModifier,
  csiCapacity,
  validatingAdmissionPolicyStatus,
  garbageCollector,
]

export const controllersOf = (choice: ControllerChoice): readonly Controller[] =>
  controllers.filter(({ needs }) => needs === undefined || choice[needs])
