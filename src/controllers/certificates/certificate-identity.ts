// The account of several controllers, as upstream: what they may do together.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import type { ControllerIdentity } from '../controller.ts'

export const certificateController: ControllerIdentity = {
  account: 'certificate-controller',
  rules: [
    rule('delete get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    rule('update', 'certificates.k8s.io', 'certificatesigningrequests/approval certificatesigningrequests/status'),
    rule('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'),
    rule(
      'sign',
      'certificates.k8s.io',
      'signers',
      'kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown',
    ),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    recordEvents,
  ],
  roles: [
    // Approving a node's first certificate marks the join ticket as used, so that it works once, and removes it when its time is over.
    {
      namespace: 'kube-system',
      name: 'bulkhead:join-ticket-consumer',
      rules: [rule(read, 'core', 'secrets'), rule('delete patch', 'core', 'secrets')],
    },
  ],
}
