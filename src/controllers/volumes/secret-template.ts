// The secret that a class names for calls to a driver, with templates such as `${pvc.name}`. A tenant chooses the name of a claim, so it never
// becomes a part of the namespace: a claim called as another namespace would get that one's secrets.
import { dns1123Label, dns1123Subdomain } from '../../api/validation/names.ts'

export interface SecretReference {
  readonly name: string
  readonly namespace: string
}

const template = /\$\{([^}]*)\}/g

/** What templates may name, such as `pvc.name`. */
export interface TemplateValues {
  readonly name: Readonly<Record<string, string>>
  readonly namespace: Readonly<Record<string, string>>
}

/** Undefined if the class names none; a text says what is wrong. */
export function secretReference(
  parameters: Readonly<Record<string, string>>,
  nameKey: string,
  namespaceKey: string,
  values: TemplateValues,
): SecretReference | string | undefined {
  const [nameTemplate, namespaceTemplate] = [parameters[nameKey], parameters[namespaceKey]]
  if (nameTemplate === undefined && namespaceTemplate === undefined) return undefined
  if (nameTemplate === undefined) return `parameter "${namespaceKey}" of the class needs "${nameKey}"`
  if (namespaceTemplate === undefined) return `parameter "${nameKey}" of the class needs "${namespaceKey}"`
  const namespace = resolved(namespaceKey, namespaceTemplate, values.namespace)
  const name = resolved(nameKey, nameTemplate, values.name)
  if ('problem' in namespace) return namespace.problem
  if ('problem' in name) return name.problem
  if (dns1123Label(namespace.text).length > 0)
    return `parameter "${namespaceKey}" of the class gives "${namespace.text}", which is not the name of a namespace`
  if (dns1123Subdomain(name.text).length > 0)
    return `parameter "${nameKey}" of the class gives "${name.text}", which is not the name of a secret`
  return { name: name.text, namespace: namespace.text }
}

function resolved(
  key: string,
  text: string,
  values: Readonly<Record<string, string>>,
): { readonly text: string } | { readonly problem: string } {
  const unknown = [...text.matchAll(template)].map(([, name = '']) => name).find(name => !Object.hasOwn(values, name))
  if (unknown !== undefined)
    return {
      problem: `parameter "${key}" of the class has the unknown template "\${${unknown}}", known are ${Object.keys(values)
        .map(name => `\${${name}}`)
        .join(', ')}`,
    }
  return { text: text.replaceAll(template, (_, name: string) => values[name] ?? '') }
}
