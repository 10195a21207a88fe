// The settings of admission, read and judged before anything starts: a bad file is a message, not a server that dies.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { load } from 'js-yaml'
import { type AdmissionSettings, admissionSettings } from '../../admission/admission-settings.ts'
import type { Config } from '../../base/config.ts'
import { messageOf, UserError } from '../../base/user-error.ts'

/** Bytes of an AdmissionConfiguration, and of each file that it names. */
export const maxAdmissionFileBytes = 1024 * 1024

export function readAdmission(config: Config): AdmissionSettings {
  const { enableAdmissionPlugins, disableAdmissionPlugins, insecureDisableAdmissionPlugins, admissionConfigFile } = config
  const settings: AdmissionSettings = {
    enable: enableAdmissionPlugins,
    disable: disableAdmissionPlugins,
    insecureDisable: insecureDisableAdmissionPlugins,
    ...(admissionConfigFile === undefined ? {} : { configuration: readConfiguration(resolve(admissionConfigFile)) }),
  }
  admissionSettings(config.profile, settings)
  return settings
}

/** With the content of the files that plug-ins name by `path`, which count from the folder of the file. */
function readConfiguration(path: string): unknown {
  const file = readYaml(path)
  const plugins = isMapping(file) ? file['plugins'] : undefined
  if (!isMapping(file) || !Array.isArray(plugins)) return file
  return {
    ...file,
    plugins: plugins.map((plugin: unknown) => {
      if (!isMapping(plugin) || typeof plugin['path'] !== 'string' || plugin['path'] === '') return plugin
      return { ...plugin, configuration: readYaml(resolve(dirname(path), plugin['path'])) }
    }),
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readYaml(path: string): unknown {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (err) {
    throw new UserError(`Cannot read the admission configuration "${path}": ${messageOf(err)}`, { cause: err })
  }
  if (bytes.length > maxAdmissionFileBytes)
    throw new UserError(`The admission configuration "${path}" has ${bytes.length} bytes, the limit is ${maxAdmissionFileBytes}`)
  try {
    return load(bytes.toString('utf8'))
  } catch (err) {
    throw new UserError(`The admission configuration "${path}" is no YAML: ${messageOf(err)}`, { cause: err })
  }
}
