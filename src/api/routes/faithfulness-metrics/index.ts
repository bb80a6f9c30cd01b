/** `GET /faithfulness-metrics` and `/faithfulness-metrics/{id}`. */
import { MetricInfo } from '../../../contract/catalogue.ts';
import { ref } from '../../../contract/schema.ts';
import { catalogueRoutes } from '../../catalogue/routes.ts';

export default catalogueRoutes({
  field: 'faithfulness_metrics',
  noun: 'metric',
  item: ref(MetricInfo),
  operation: 'FaithfulnessMetric',
  summary: 'Metrics of how far scores can be trusted, with the JSON Schema of their arguments',
  example: 'comprehensiveness',
});
