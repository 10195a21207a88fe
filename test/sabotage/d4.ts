// Sabotage of what a new namespace has: rights, token, network paths, ways to the node.
import type { Sabotage } from './sabotage.ts'

export const d4: readonly Sabotage[] = [
  {
    name: 'new namespaces get no network policies',
    file: 'src/controllers/namespaces/namespace-defaults.ts',
    from: 'if (network?.defaultDeny !== true) return []',
    to: 'if (network?.defaultDeny !== false) return []',
    proof: 'D4',
  },
  {
    name: 'the default policy denies only what goes out',
    file: 'src/controllers/namespaces/namespace-defaults.ts',
    from: "[defaultDenyPolicy, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }]",
    to: "[defaultDenyPolicy, { podSelector: {}, policyTypes: ['Egress'] }]",
    proof: 'D4',
  },
  {
    name: 'the default policy selects labelled pods only',
    file: 'src/controllers/namespaces/namespace-defaults.ts',
    from: '[defaultDenyPolicy, { podSelector: {},',
    to: "[defaultDenyPolicy, { podSelector: { matchLabels: { app: 'default' } },",
    proof: 'D4',
  },
  {
    name: 'the policy for DNS allows every port',
    file: 'src/controllers/namespaces/namespace-defaults.ts',
    from: `      ports: [
        { protocol: 'UDP', port: 53 },
        { protocol: 'TCP', port: 53 },
      ],
`,
    to: '',
    proof: 'D4',
  },
  {
    name: 'the policy for DNS allows every peer',
    file: 'src/controllers/namespaces/namespace-defaults.ts',
    from: `      to: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
          podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
        },
      ],
`,
    to: '',
    proof: 'D4',
  },
  {
    name: 'the policy for DNS allows HTTPS too',
    file: 'src/controllers/namespaces/namespace-defaults.ts',
    from: `        { protocol: 'TCP', port: 53 },
`,
    to: `        { protocol: 'TCP', port: 53 },
        { protocol: 'TCP', port: 443 },
`,
    proof: 'D4',
  },
  {
    name: 'new namespaces are not marked for their defaults',
    file: 'src/admission/plugins/namespace-defaults.ts',
    from: 'if (createsObjects(given)) metadata.annotations',
    to: 'if (!createsObjects(given)) metadata.annotations',
    proof: ['D4', 'C7'],
  },
  {
    name: 'every account may read Services',
    file: 'src/access/bootstrap-policy/own-roles.ts',
    from: "clusterRoleBinding(nodeProxier, [group('system:nodes')])",
    to: "clusterRoleBinding(nodeProxier, [group('system:nodes'), group('system:serviceaccounts')])",
    proof: 'D4',
  },
  {
    name: 'every account may read the addresses of pods',
    file: 'src/access/bootstrap-policy/own-roles.ts',
    from: "clusterRoleBinding(networkPolicyKeeper, [group('system:nodes')])",
    to: "clusterRoleBinding(networkPolicyKeeper, [group('system:authenticated')])",
    proof: 'D4',
  },
  {
    name: 'every user is administrator',
    file: 'src/access/bootstrap-policy/cluster-role-bindings.ts',
    from: "clusterRoleBinding('cluster-admin', [group('system:masters')])",
    to: "clusterRoleBinding('cluster-admin', [group('system:masters'), group('system:authenticated')])",
    proof: ['D4', 'A5'],
  },
  {
    name: 'every account reads metrics of the server',
    file: 'src/access/bootstrap-policy/cluster-role-bindings.ts',
    from: "clusterRoleBinding('system:monitoring', [group('system:monitoring')])",
    to: "clusterRoleBinding('system:monitoring', [group('system:monitoring'), group('system:serviceaccounts')])",
    proof: 'D4',
  },
  {
    name: 'every user may review the access of others',
    file: 'src/access/bootstrap-policy/general-roles.ts',
    from: `clusterRole('system:basic-user', [
`,
    to: `clusterRole('system:basic-user', [
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
`,
    proof: 'D4',
  },
  {
    name: 'every user may review tokens',
    file: 'src/access/bootstrap-policy/general-roles.ts',
    from: `clusterRole('system:basic-user', [
`,
    to: `clusterRole('system:basic-user', [
    rule('create', 'authentication.k8s.io', 'tokenreviews'),
`,
    proof: 'D4',
  },
  {
    name: 'every user may read every path',
    file: 'src/access/bootstrap-policy/general-roles.ts',
    from: `clusterRole('system:discovery', [
`,
    to: `clusterRole('system:discovery', [
    urls('get', '*'),
`,
    proof: 'D4',
  },
  {
    name: 'every account has the rights of a node',
    file: 'src/access/bootstrap-policy/cluster-role-bindings.ts',
    from: "clusterRoleBinding('system:node', [])",
    to: "clusterRoleBinding('system:node', [group('system:authenticated')])",
    proof: 'D4',
  },
  {
    name: 'no defaults for new namespaces in a new cluster',
    file: 'src/cluster/bootstrap/cluster-defaults.ts',
    from: 'network: { defaultDeny: true, allowDNS: true, allowAPIServer: true }',
    to: 'network: { defaultDeny: false, allowDNS: true, allowAPIServer: true }',
    proof: 'D4',
  },
]
