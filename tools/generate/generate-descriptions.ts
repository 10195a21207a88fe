// Writes the texts for `kubectl explain` to dist/descriptions.json, from the declarations of @kubernetes/client-node. They are made at build time
// and never committed; where the package is not installed nothing is written, and the OpenAPI documents have no descriptions. That package says
// nothing of a field whose type is another object; kubernetes-types does, for the fields that Kubernetes 1.30 had.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commonParameters } from '../../src/api/openapi/openapi-operations.ts'
import { parametersKey } from '../../src/api/openapi/openapi-types.ts'
import types from '../../src/api/schema/generated/types.json' with { type: 'json' }
import { schemaFor, structByKey } from '../../src/api/schema/model.ts'
import { ownDescriptions } from './own-descriptions.ts'

const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const generated = join(project, 'node_modules/@kubernetes/client-node/dist/gen')
const models = join(generated, 'models')
const references = join(project, 'node_modules/kubernetes-types')
const target = process.argv[2] ?? join(project, 'dist/descriptions.json')

const interfaces = new Map<string, Map<string, string>>()

interface Texts {
  text?: string
  fields: Record<string, string>
}

if (!existsSync(models) || schemaFor('', 'v1', 'Pod') === undefined) {
  console.log('Skipped: @kubernetes/client-node is not installed, so there are no descriptions')
} else {
  const all: Record<string, Texts> = {}
  for (const key of Object.keys(types.structs)) {
    const declaration = declarationOf(key)
    if (declaration === undefined) continue
    const { fields, ...rest } = textsOf(declaration, key)
    all[key] = { ...rest, fields: { ...referenceTexts(key), ...fields } }
  }
  for (const [key, { text, fields }] of Object.entries(ownDescriptions)) all[key] = { text, fields }
  all[parametersKey] = { fields: parameterTexts(readFileSync(join(generated, 'apis/CoreV1Api.d.ts'), 'utf8')) }
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, JSON.stringify(all))
  console.log(`Descriptions of ${Object.keys(all).length} types written to ${target}`)
}

/** The model of a type: with its group if several groups have the plain name. */
function declarationOf(key: string): string | undefined {
  const [packageKey = '', name = ''] = key.split('.')
  const [group = '', version = ''] = packageKey.split('/')
  const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
  const candidates = [`${upper(group)}${upper(version)}${name}`, `${upper(version)}${name}`]
  const path = candidates.map(candidate => join(models, `${candidate}.d.ts`)).find(candidate => existsSync(candidate))
  return path === undefined ? undefined : readFileSync(path, 'utf8')
}

function textsOf(declaration: string, key: string): Texts {
  const fields: Record<string, string> = {}
  const known = structByKey(key)?.byName
  for (const [, comment = '', name = ''] of declaration.matchAll(/ {4}\/\*\*\n((?: {4}\* .*\n)+) {4}\*\/\n {4}'([^']+)'/g)) {
    const field = known?.has(name) ? name : name.replace(/^_/, '')
    if (known?.has(field)) fields[field] = plain(comment)
  }
  const own = /\n\/\*\*\n((?:\* .*\n)+)\*\/\nexport declare class/.exec(declaration)?.[1]
  return own === undefined ? { fields } : { text: plain(own), fields }
}

/** The texts of kubernetes-types for a type's fields. */
function referenceTexts(key: string): Record<string, string> {
  const [packageKey = '', name = ''] = key.split('.')
  const fields: Record<string, string> = {}
  for (const [, comment = '', field = ''] of interfacesOf(packageKey)
    .get(name)
    ?.matchAll(/ \/\*\*([\s\S]*?)\*\/\n +(?:readonly )?"?([\w$-]+)"?\??:/g) ?? []) {
    if (structByKey(key)?.byName.get(field)?.type.kind === 'struct') fields[field] = plain(comment)
  }
  return fields
}

/** The bodies of the package's interfaces by name; `packageKey` is `core/v1`. */
function interfacesOf(packageKey: string): Map<string, string> {
  const known = interfaces.get(packageKey)
  if (known !== undefined) return known
  const path = join(references, `${packageKey}.d.ts`)
  const declarations = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const found = new Map(
    Array.from(declarations.matchAll(/^export interface (\w+) \{\n([\s\S]*?)^\}/gm), ([, name = '', body = '']) => [name, body]),
  )
  interfaces.set(packageKey, found)
  return found
}

/** The client's texts for parameters that operations share, from their first occurrence. */
function parameterTexts(declaration: string): Record<string, string> {
  const texts: Record<string, string> = {}
  const wanted = new Set(commonParameters.map(({ name }) => name))
  for (const [, name = '', text = ''] of declaration.matchAll(/\* @param _?(\w+) (.+)/g)) {
    if (wanted.has(name)) texts[name] ??= plain(text).replaceAll('\\&#39;', "'").replaceAll('\\&quot;', '"').replaceAll('&#x3D;', '=')
  }
  return texts
}

function plain(comment: string): string {
  return comment
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
    .replaceAll("\\'", "'")
    .replaceAll('\\"', '"')
}
