import { tellDelivered } from "./tell-delivered.ts";

tellDelivered(1);
