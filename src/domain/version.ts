/** The version of the API whose clients this server answers; they compare its major and minor part. */
export const apiVersion = '1.19.0'

/** The data folder format that this version writes, and the newest that it reads. */
export const dataFormatVersion = 1
