// Validates settings, in a file of its own: it knows every plug-in, which takes megabytes that `bulkhead up` only needs if settings are
// given.
export { admissionSettings } from './admission-settings.ts'
