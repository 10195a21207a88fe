import type { ShippedPolicy } from './shipped-policy.ts'

export const nodePorts: ShippedPolicy = {
  name: 'node-ports.policies.bulkhead.dev',
  does: 'Warns of new Services of type `NodePort`',
  guard: 'a port opens on every node, beside whatever guards the way into the cluster',
  action: 'Warn',
  spec: {
    matchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['services'], scope: '*' }],
    },
    validations: [
      {
        expression: `!has(object.spec.type) || object.spec.type != 'NodePort' ||
          (oldObject != null && has(oldObject.spec.type) && oldObject.spec.type == 'NodePort')`,
        message: 'its ports open on every node, to whoever reaches one: prefer an Ingress or a load balancer',
      },
    ],
  },
}
