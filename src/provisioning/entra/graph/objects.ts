import * as z from 'zod';

/*
 * The fields of Microsoft Graph's responses that this program uses (v1.0 reference: servicePrincipal, synchronizationJob,
 * synchronizationSchema). Unknown fields are dropped; missing fields are null.
 */

export const graphList = <T extends z.ZodType>(item: T) => z.object({ value: z.array(item) });

export const servicePrincipal = z.object({
  id: z.string().min(1),
  appId: z.string().nullish(),
  displayName: z.string().nullish(),
  applicationTemplateId: z.string().nullish(),
});
export type ServicePrincipal = z.infer<typeof servicePrincipal>;

export const identified = z.object({ id: z.string().min(1) });

export const syncTemplate = z.object({ id: z.string().min(1), factoryTag: z.string().nullish() });
export type SyncTemplate = z.infer<typeof syncTemplate>;

/** Graph represents "never" as the first day of the year 1. */
const instant = z
  .string()
  .nullish()
  .transform((text) => {
    const time = Date.parse(text ?? '');
    return Number.isNaN(time) || time < 0 ? null : time;
  });

const execution = z
  .object({
    state: z.string().nullish(),
    timeBegan: instant,
    timeEnded: instant,
    countExported: z.number().nullish(),
    countEscrowed: z.number().nullish(),
    error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  })
  .nullish();

export const syncJob = z.object({
  id: z.string().min(1),
  templateId: z.string().nullish(),
  status: z
    .object({
      code: z.string().nullish(),
      lastExecution: execution,
      lastSuccessfulExecution: execution,
      quarantine: z
        .object({
          reason: z.string().nullish(),
          currentBegan: instant,
          seriesBegan: instant,
          nextAttempt: instant,
          error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});
export type SyncJob = z.infer<typeof syncJob>;

export const syncSecret = z.object({ key: z.string(), value: z.string().nullish() });
export type SyncSecret = z.infer<typeof syncSecret>;

const mappingSource = z
  .object({ expression: z.string().nullish(), name: z.string().nullish(), type: z.string().nullish() })
  .nullish();

export const attributeMapping = z.object({
  targetAttributeName: z.string().nullish(),
  matchingPriority: z.number().nullish(),
  source: mappingSource,
});
export type AttributeMapping = z.infer<typeof attributeMapping>;

export const syncSchema = z.object({
  synchronizationRules: z
    .array(
      z.object({
        name: z.string().nullish(),
        sourceDirectoryName: z.string().nullish(),
        targetDirectoryName: z.string().nullish(),
        objectMappings: z
          .array(
            z.object({
              enabled: z.boolean().nullish(),
              sourceObjectName: z.string().nullish(),
              targetObjectName: z.string().nullish(),
              attributeMappings: z.array(attributeMapping).nullish(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});
export type SyncSchema = z.infer<typeof syncSchema>;
