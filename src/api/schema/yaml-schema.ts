// Scalars and tags of YAML by sigs.k8s.io/yaml: `yes` is true, 0644 is octal, there is no base 60, keys keep their type, and an unknown tag
// leaves the text or collection unchanged.
import {
  boolYaml11Tag,
  CORE_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  intCoreTag,
  mergeTag,
  NOT_RESOLVED,
  realMapTag,
  seqTag,
} from 'js-yaml'

const goInteger = defineScalarTag('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: [...'-+0123456789'],
  resolve: source => parseGoInteger(source) ?? NOT_RESOLVED,
  identify: intCoreTag.identify,
})

const binary = defineScalarTag('tag:yaml.org,2002:binary', {
  resolve: source => (/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(source) ? Buffer.from(source, 'base64').toString() : NOT_RESOLVED),
  identify: () => false,
})

const anyTag = { matchByTagPrefix: true, identify: () => false }

export const yamlSchema = CORE_SCHEMA.withTags(
  boolYaml11Tag,
  goInteger,
  mergeTag,
  realMapTag,
  binary,
  defineScalarTag('', { ...anyTag, resolve: source => source }),
  defineSequenceTag('', { ...seqTag, ...anyTag }),
  defineMappingTag('', { ...realMapTag, ...anyTag }),
)

/** Go's ParseInt with base 0: prefixes 0x, 0o, 0b and 0, and underscores between digits. */
function parseGoInteger(source: string): number | bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|[1-9][\d_]*|0)$/.exec(source)
  if (match?.[2] === undefined) return undefined
  const digits = match[2].replaceAll('_', '')
  const octal = /^0[oO]?([0-7]+)$/.exec(digits)?.[1]
  const magnitude = octal === undefined ? Number(digits) : Number.parseInt(octal, 8)
  if (Number.isNaN(magnitude)) return undefined
  if (Number.isSafeInteger(magnitude)) return match[1] === '-' ? -magnitude : magnitude
  const whole = BigInt(octal === undefined ? digits : `0o${octal}`)
  const signed = match[1] === '-' ? -whole : whole
  return BigInt.asIntN(64, signed) === signed ? signed : Number(signed)
}
