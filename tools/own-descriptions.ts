// The texts of Bulkhead's own kinds for `kubectl explain`: nobody else's package has them.

export const ownDescriptions: Readonly<Record<string, { readonly text: string; readonly fields: Readonly<Record<string, string>> }>> = {
  'bulkhead/v1alpha1.ClusterDefaults': {
    text: 'ClusterDefaults says what every new namespace gets. The one object that counts is named "cluster"; a change of it holds for namespaces to come.',
    fields: { spec: 'What new namespaces get.' },
  },
  'bulkhead/v1alpha1.ClusterDefaultsSpec': {
    text: 'ClusterDefaultsSpec says what new objects get.',
    fields: { namespaces: 'What a new namespace gets.' },
  },
  'bulkhead/v1alpha1.NamespaceDefaults': {
    text: 'NamespaceDefaults says what a new namespace gets.',
    fields: {
      exempt: 'Names of namespaces that get nothing. kube-system, kube-public and kube-node-lease get nothing anyway.',
      labels: 'Labels that a new namespace gets where it does not say them itself.',
      resourceQuota: 'The ResourceQuota "default" of a new namespace. None is made where this is left out.',
      limitRange: 'The LimitRange "default" of a new namespace. None is made where this is left out.',
      network: 'NetworkPolicies of a new namespace. Without effect as long as network policies are not enforced.',
    },
  },
  'bulkhead/v1alpha1.NetworkDefaults': {
    text: 'NetworkDefaults says which NetworkPolicies a new namespace gets. Without effect as long as network policies are not enforced.',
    fields: {
      defaultDeny: 'Whether nothing reaches the pods of a new namespace, nor they anything, but what a policy allows.',
      allowDNS: 'Whether its pods may ask for names nevertheless.',
    },
  },
}
