// What the shop sells. Drawings are paths in a box of 96 by 96.
const CATALOGUE = [
  { id: "mug-01", name: "Harbour mug", price: 24, glaze: "#2f6f8f", path: "M24 26h40v36c0 8-6 14-14 14H38c-8 0-14-6-14-14zM64 34h6c6 0 10 4 10 10s-4 10-10 10h-6zM64 40v8h6c2 0 4-2 4-4s-2-4-4-4z" },
  { id: "bowl-02", name: "Breakfast bowl", price: 32, glaze: "#c0714f", path: "M14 36h68c0 22-12 36-26 36v6H40v-6C26 72 14 58 14 36z" },
  { id: "jug-03", name: "Milk jug", price: 38, glaze: "#7a8b5a", path: "M34 16h30l6 8-8 6c6 8 10 16 10 26 0 14-10 24-24 24S24 70 24 56c0-12 6-18 12-26z" },
  { id: "plate-04", name: "Dinner plate", price: 28, glaze: "#4a5a6a", path: "M8 50c0-8 18-14 40-14s40 6 40 14-18 14-40 14S8 58 8 50z" },
  { id: "vase-05", name: "Tall vase", price: 64, glaze: "#a8577e", path: "M38 10h20l-4 18c12 8 18 18 18 30 0 14-10 26-24 26S24 72 24 58c0-12 6-22 18-30z" },
  { id: "pot-06", name: "Tea pot", price: 79, glaze: "#b58a2e", path: "M42 20h12v6h-12zM26 34c4-6 12-8 22-8s18 2 22 8c8-2 16 2 16 10s-6 14-14 16c-4 12-12 18-24 18S26 70 24 58L10 40l8-4z" },
];
