import type { ShippedPolicy } from './shipped-policy.ts'

const rule = (group: string, resources: string[]) => ({
  ...{ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], scope: '*' },
  resources,
})

export const imageTags: ShippedPolicy = {
  name: 'image-tags.policies.bulkhead.dev',
  does: 'Warns of workloads with an image without a tag or digest, or with the tag `latest`',
  guard: 'nobody knows which version runs, and a restart may bring another',
  action: 'Warn',
  spec: {
    matchConstraints: {
      // Controllers make pods and ReplicaSets of these: their authors are warned once.
      resourceRules: [rule('apps', ['deployments', 'statefulsets', 'daemonsets']), rule('batch', ['jobs', 'cronjobs'])],
    },
    variables: [
      {
        name: 'pod',
        expression: "object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec : object.spec.template.spec",
      },
      {
        name: 'images',
        expression:
          '(variables.pod.containers + (has(variables.pod.initContainers) ? variables.pod.initContainers : [])).map(container, has(container.image) ? container.image : "")',
      },
      {
        name: 'moving',
        expression: "variables.images.filter(image, !image.contains('@') && (!image.matches(':[^/:]+$') || image.endsWith(':latest')))",
      },
    ],
    validations: [
      {
        expression: 'variables.moving.size() == 0',
        messageExpression:
          "'the image ' + variables.moving.join(', ') + ' may be another at each start: give its version as a tag, or better its digest'",
        message: 'an image may be another at each start: give its version as a tag, or better its digest',
      },
    ],
  },
}
