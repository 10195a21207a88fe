// Custom resources of a definition with costly rules and many columns.
import { attackedNamespace } from '../../src/access/rights/tenant-attack.testing.ts'
import { type Attack, type AttackRequest, numbered } from './attack.ts'
import { customGroup, rbacGroup, some, table, text } from './tenant-paths.ts'

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `wides.${customGroup}` },
  spec: {
    group: customGroup,
    scope: 'Namespaced',
    names: { plural: 'wides', singular: 'wide', kind: 'Wide', listKind: 'WideList' },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        additionalPrinterColumns: some(30, index => ({ name: `C${index}`, type: 'string', jsonPath: `.spec.items[*].c${index % 4}` })),
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  items: {
                    type: 'array',
                    maxItems: 580,
                    items: { type: 'object', properties: Object.fromEntries(some(4, at => [`c${at}`, { type: 'string', maxLength: 16 }])) },
                  },
                },
                'x-kubernetes-validations': some(4, at => ({
                  rule: `self.items.all(x, self.items.all(y, x.c0 != y.c0 || x.c1 == y.c1 || size(x.c2) < ${at}))`,
                })),
              },
            },
          },
        },
      },
    ],
  },
}
const wide = (name: string, items: number) =>
  text({
    apiVersion: `${customGroup}/v1`,
    kind: 'Wide',
    metadata: { name },
    spec: { items: some(items, index => ({ c0: `${index}`, c1: 'b', c2: 'c', c3: 'd' })) },
  })
const access: readonly AttackRequest[] = [
  ['POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', text(definition)],
  [
    'POST',
    `/apis/${rbacGroup}/v1/clusterroles`,
    text({
      metadata: { name: 'wides', labels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } },
      rules: [{ apiGroups: [customGroup], resources: ['wides'], verbs: ['*'] }],
    }),
  ],
]
const wides = `/apis/${customGroup}/v1/namespaces/${attackedNamespace}/wides`

export const customAttacks: readonly Attack[] = [
  {
    id: 'rules',
    cycle: 3,
    title: 'custom resources whose rules cost as much as may be',
    installed: access,
    request: number => ['POST', `${wides}?dryRun=All`, wide(`w${number}`, 180 + (number % 3) * 200)],
  },
  {
    id: 'columns',
    title: 'Tables of 300 custom resources with 30 columns',
    prepare: () => numbered(300, at => ['POST', wides, wide(`w${at}`, 120)]),
    request: () => ['GET', wides, undefined, table],
  },
]
