// Large objects, many objects, and lists, Tables and watches of them.
import { type Attack, numbered } from './attack.ts'
import { core, merge, some, table, text } from './tenant-paths.ts'

const configMap = (name: string, bytes: number) => text({ metadata: { name }, data: { text: 'x'.repeat(bytes) } })
const manyConfigMaps = () =>
  numbered(5000, at => ['POST', `${core}/configmaps`, text({ metadata: { name: `many-${at}`, labels: { a: `${at}` } } })])
const longSelector = `${core}/configmaps?labelSelector=${encodeURIComponent(`a notin (${some(1400, at => `v${at}`).join(',')})`)}`

export const readAttacks: readonly Attack[] = [
  {
    id: 'objects',
    title: 'ConfigMaps of 1 MiB until the quota is full, and on',
    request: number => [
      number < 300 ? 'POST' : 'PUT',
      `${core}/configmaps${number < 300 ? '' : `/full-${number % 50}`}`,
      configMap(`full-${number < 300 ? number : number % 50}`, 1_000_000 + (number % 7)),
    ],
  },
  {
    id: 'large-lists',
    title: 'lists of 100 objects of 1 MiB',
    request: () => ['GET', `${core}/configmaps?resourceVersion=0`],
    inFlight: 16,
  },
  { id: 'large-tables', title: 'the same as Tables', request: () => ['GET', `${core}/configmaps`, undefined, table], inFlight: 16 },
  {
    id: 'cleanup',
    title: 'deletion of all ConfigMaps at once',
    request: () => ['DELETE', `${core}/configmaps`],
    inFlight: 4,
  },
  { id: 'many-lists', title: 'lists of 5,000 objects', prepare: manyConfigMaps, request: () => ['GET', `${core}/configmaps`] },
  { id: 'tables', title: 'Tables of 5,000 rows', request: () => ['GET', `${core}/configmaps`, undefined, table] },
  {
    id: 'protobuf',
    title: 'lists of 5,000 objects in protobuf',
    request: () => ['GET', `${core}/configmaps`, undefined, 'application/vnd.kubernetes.protobuf'],
  },
  { id: 'selectors', cycle: 1, title: 'lists of 5,000 objects by selectors of 10 KiB', request: () => ['GET', longSelector] },
  {
    id: 'watches',
    title: '5,000 watches of long selectors, and writes for them',
    inFlight: 250,
    request: number =>
      number % 4 !== 0
        ? ['GET', `${longSelector}&watch=true&timeoutSeconds=2&resourceVersion=0`]
        : ['PATCH', `${core}/configmaps/many-${number % 5000}`, text({ metadata: { labels: { a: `${number}` } } }), merge],
  },
]
