// Bodies and patches that are large or cost much to read.
import { type Attack, numbered } from './attack.ts'
import { apply, core, grouped, podSpec, some, strategic, text } from './tenant-paths.ts'

const variables = some(8000, index => ({ name: `E${index}`, value: 'v' }))
const deployment = (name: string) => ({
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'a' } },
    template: { metadata: { labels: { app: 'a' } }, spec: podSpec({ env: variables }) },
  },
})

const yamlBody = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n${some(45_000, at => `  k${at}: ${'v'.repeat(50)}\n`).join('')}`

export const bodyAttacks: readonly Attack[] = [
  {
    id: 'json',
    cycle: 1,
    title: 'bodies of 3 MiB and 50,000 values in JSON',
    request: () => [
      'POST',
      `${core}/configmaps?dryRun=All`,
      text({ metadata: { name: 'x' }, data: Object.fromEntries(some(49_000, at => [`k${at}`, 'v'.repeat(40)])) }),
    ],
  },
  {
    id: 'yaml',
    cycle: 1,
    title: 'bodies of 3 MiB in YAML',
    request: () => ['POST', `${core}/configmaps?dryRun=All`, yamlBody, 'application/yaml'],
  },
  {
    id: 'small-yaml',
    title: 'bodies of 32 KiB in YAML',
    request: () => ['POST', `${core}/configmaps?dryRun=All`, yamlBody.slice(0, 32_000), 'application/yaml'],
  },
  {
    id: 'strategic',
    cycle: 2,
    title: 'strategic patches of 8,000 items',
    prepare: () => numbered(1, () => ['POST', grouped('apps', 'deployments'), text(deployment('patched'))]),
    request: number => [
      'PATCH',
      `${grouped('apps', 'deployments')}/patched?dryRun=All`,
      text({
        spec: {
          template: {
            spec: {
              containers: [
                {
                  name: 'c',
                  env: variables.map(({ name }, at) => (at % 2 === 0 ? { name, $patch: 'delete' } : { name, value: `${number}` })),
                },
              ],
            },
          },
        },
      }),
      strategic,
    ],
  },
  {
    id: 'json-patch',
    cycle: 1,
    title: 'JSON patches of 10,000 operations',
    request: () => [
      'PATCH',
      `${grouped('apps', 'deployments')}/patched?dryRun=All`,
      text(some(10_000, at => ({ op: 'add', path: '/spec/template/spec/containers/0/env/0', value: { name: `N${at}` } }))),
      'application/json-patch+json',
    ],
  },
  {
    id: 'apply',
    cycle: 8,
    title: 'applies of 8,000 items by many managers',
    request: number => [
      'PATCH',
      `${grouped('apps', 'deployments')}/applied?fieldManager=m${number % 8}&force=true`,
      text({ apiVersion: 'apps/v1', kind: 'Deployment', ...deployment('applied') }),
      apply,
    ],
  },
  {
    id: 'apply-small',
    title: 'applies of small objects by ever new managers',
    request: number => [
      'PATCH',
      `${core}/configmaps/applied-${number % 20}?fieldManager=m${number}&force=true`,
      text({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `applied-${number % 20}` },
        data: Object.fromEntries(some(300, at => [`k${at}`, `${number}`])),
      }),
      apply,
    ],
  },
]
