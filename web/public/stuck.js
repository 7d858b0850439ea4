// In words that the oldest browsers know: shows what the page says for itself where its own script did not run.
addEventListener("load", function () {
  var stuck = document.getElementById("stuck");
  if (stuck) stuck.hidden = false;
});
