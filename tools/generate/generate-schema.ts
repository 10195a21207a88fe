// Generates src/api/types/*.ts and src/api/schema/generated/types.json from Debian's Go sources of the Kubernetes API (package
// golang-k8s-api-dev 0.32), our additions for v1.33, checked against the models of @kubernetes/client-node.
// `--check` writes nothing and fails where a file differs. Where the Go sources are not installed it says so and succeeds.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { additions } from './generate-schema-additions.ts'
import { emitData, emitTypes, unknownNames } from './generate-schema-emit.ts'
import { buildModel } from './generate-schema-model.ts'

const goRoot = '/usr/share/gocode/src/k8s.io'
const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const typesFolder = join(project, 'src/api/types')
const dataFile = join(project, 'src/api/schema/generated/types.json')
const check = process.argv.includes('--check')

if (!existsSync(join(goRoot, 'api/core/v1/types.go'))) {
  console.log('Skipped: the Go sources of k8s.io/api are not installed (Debian package golang-k8s-api-dev)')
} else {
  await generate()
}

async function generate(): Promise<void> {
  const model = buildModel(goRoot)
  const unknown = unknownNames(model)
  if (unknown.length > 0) throw new Error(`Types without a mapping: ${unknown.join(', ')}`)
  await checkAdditions()
  const wanted = new Map([[dataFile, emitData(model)]])
  for (const [name, text] of emitTypes(model)) wanted.set(join(typesFolder, name), text)
  const present = existsSync(typesFolder) ? readdirSync(typesFolder).map(name => join(typesFolder, name)) : []
  const differing = [...wanted].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text).map(([path]) => path)
  const surplus = present.filter(path => !wanted.has(path))
  if (check) {
    for (const path of [...differing, ...surplus]) console.error(`${path} is not what tools/generate/generate-schema.ts writes`)
    if (differing.length + surplus.length > 0) process.exitCode = 1
    return
  }
  for (const path of surplus) rmSync(path)
  for (const path of differing) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, wanted.get(path) ?? '')
  }
  console.log(
    `${model.structs.size} structs, ${model.named.size} named types; ${differing.length} files written, ${surplus.length} removed`,
  )
}

/** Every field that we added by hand must exist in the newer models of client-node, so that a misspelling cannot stay. */
async function checkAdditions(): Promise<void> {
  const models = await import('@kubernetes/client-node').then(
    module => new Map(Object.entries(module)),
    () => undefined,
  )
  if (models === undefined) return
  let names: string[] = []
  for (const line of additions.split('\n')) {
    const [word = '', key = '', flag] = line.trim().split(' ')
    // No other model contains our own kinds, and none of Kubernetes' own those of metrics-server.
    if (key.startsWith('bulkhead/') || key.startsWith('metrics/') || key.startsWith('supply/')) {
      names = []
    } else if (line.startsWith(' ')) {
      if (names.length > 0 && !names.includes(word)) throw new Error(`client-node knows no field ${word} (${line.trim()})`)
    } else if (word === 'type' || word === 'extend' || word === 'change') {
      names = attributesOf(models, key)
      if (names.length === 0 && flag !== undefined) throw new Error(`client-node knows no model ${key}`)
    }
  }
}

function attributesOf(models: ReadonlyMap<string, unknown>, key: string): string[] {
  const [packageKey = '', name = ''] = key.split('.')
  const [group = '', version = ''] = packageKey.split('/')
  const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
  const model = models.get(`${upper(group)}${upper(version)}${name}`) ?? models.get(`${upper(version)}${name}`)
  if (typeof model !== 'function' || !('attributeTypeMap' in model) || !Array.isArray(model.attributeTypeMap)) return []
  return model.attributeTypeMap.map((attribute: { baseName: string }) => attribute.baseName)
}
