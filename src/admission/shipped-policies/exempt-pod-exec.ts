import type { ShippedPolicy } from './shipped-policy.ts'

const level = 'pod-security.kubernetes.io/enforce'

export const exemptPodExec: ShippedPolicy = {
  name: 'exempt-pod-exec.policies.bulkhead.dev',
  does: 'Refuses exec, attach and ephemeral containers in `kube-system` and in namespaces of level `privileged` without the right to them in the whole cluster',
  guard: 'a RoleBinding in a namespace with privileged pods is enough to become root on a node',
  action: 'Deny',
  spec: {
    matchConstraints: {
      resourceRules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CONNECT'], resources: ['pods/exec', 'pods/attach'], scope: '*' },
        { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['pods/ephemeralcontainers'], scope: '*' },
      ],
    },
    variables: [
      {
        name: 'exempt',
        expression: `request.namespace == 'kube-system' || (has(namespaceObject.metadata.labels) &&
          '${level}' in namespaceObject.metadata.labels && namespaceObject.metadata.labels['${level}'] == 'privileged')`,
      },
      { name: 'verbs', expression: "request.operation == 'UPDATE' ? ['update', 'patch'] : ['create', 'get']" },
    ],
    validations: [
      {
        // Without a namespace, it is the right in the whole cluster.
        expression: `!variables.exempt ||
          variables.verbs.exists(verb, authorizer.group('').resource('pods').subresource(request.subResource).check(verb).allowed())`,
        messageExpression:
          "'pods of namespace \"' + request.namespace + '\" may be privileged: pods/' + request.subResource + ' there takes a ClusterRoleBinding'",
        message: 'pods of this namespace may be privileged: this takes a ClusterRoleBinding',
        reason: 'Forbidden',
      },
    ],
  },
}
